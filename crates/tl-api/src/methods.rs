//! Tables of the methods and layers.

use tl::{Decode, Encode};

include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// A method and what it gives.
pub trait Method: Decode + Encode {
    /// As in the schema: `messages.sendMessage`
    const NAME: &'static str;
    /// In the newest layer; see [`RESULT_CHANGES`].
    type Answer: Decode + Encode;
}

/// A method in all its forms.
#[derive(Debug)]
pub struct MethodInfo {
    /// As in the schema: `messages.sendMessage`
    pub name: &'static str,
    /// Ids with the layers in which they hold, the oldest first. An id may be listed twice.
    pub ids: &'static [MethodId],
    /// The TL type that the newest form gives; `X` for wrappers.
    pub result: &'static str,
}

/// An id and the first and last layer in which it holds.
#[derive(Debug)]
pub struct MethodId {
    pub id: u32,
    pub first: i32,
    pub last: i32,
}

/// An old form of a method that gives another type than the newest form.
#[derive(Debug)]
pub struct ResultChange {
    pub method: &'static str,
    pub id: u32,
    pub first: i32,
    pub last: i32,
    /// What callers of this form expect.
    pub result: &'static str,
    /// What the newest form gives.
    pub newest: &'static str,
}

/// The method that has, or had, this id.
pub fn method_by_id(id: u32) -> Option<&'static MethodInfo> {
    let place = METHOD_IDS.binary_search_by_key(&id, |&(id, _)| id).ok()?;
    Some(&METHODS[usize::from(METHOD_IDS[place].1)])
}

/// The layer of the schema's newest form, which is what the database keeps.
pub const NEWEST_LAYER: i32 = LAYERS[LAYERS.len() - 1];

/// The layer to speak with a client that announced `announced`: the newest known one not above it,
/// and the oldest known one for clients older still.
pub fn session_layer(announced: i32) -> i32 {
    let known = LAYERS.partition_point(|&layer| layer <= announced);
    LAYERS[known.saturating_sub(1)]
}
