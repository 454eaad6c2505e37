//! Who may call a method.

/// What a caller must have before a method runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody with an auth key, of whatever kind.
    Public,
    /// Anybody with a permanent key, or a temporary one that is bound to it: what the method does is done
    /// to the device.
    Device,
    /// A key that is signed in.
    User,
}
