//! Objects that end a call: results and errors.

use domain::Fault;
use tl::service::RpcError;
use tl::{Encode, Inexpressible, Writer};

/// An error as the wire has it.
pub fn error(fault: &Fault) -> Vec<u8> {
    let error = RpcError { error_code: fault.code, error_message: fault.text.clone() };
    error.to_bytes(0).expect("an error has a form in every layer")
}

/// A result whose type is another one in older layers: `newest` from layer `since` on, `older` before.
pub struct Since<New, Old> {
    pub since: i32,
    pub newest: New,
    pub older: Old,
}

impl<New: Encode, Old: Encode> Encode for Since<New, Old> {
    fn encode(&self, w: &mut Writer) -> Result<(), Inexpressible> {
        if w.layer() >= self.since { self.newest.encode(w) } else { self.older.encode(w) }
    }
}
