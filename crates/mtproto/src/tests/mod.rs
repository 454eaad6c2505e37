//! Tests of whole conversations: a client and a server in memory.

pub(crate) mod util;
