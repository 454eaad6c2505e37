//! Who may call a method.

/// What a caller must have before a method runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody with an auth key.
    Public,
    /// A key that is signed in.
    User,
}
