//! Results as they go out.

use tl::service::{GZIP_PACKED, RPC_RESULT};
use tl::{Writer, gzip};

use crate::limits::GZIP_BYTES_MIN;

/// A result ready to be sent. To make one takes time when it is large: not to be done under a lock.
pub struct Packed {
    pub(super) query: i64,
    pub(super) body: Vec<u8>,
}

impl Packed {
    /// `body`: a boxed object, `rpc_error` included, that answers the query.
    pub fn new(query: i64, body: &[u8]) -> Self {
        Self { query, body: rpc_result(query, body) }
    }
}

/// Wraps a result, packed when that makes it smaller.
pub(super) fn rpc_result(query: i64, body: &[u8]) -> Vec<u8> {
    let packed = pack(body);
    let mut w = Writer::new(0);
    w.u32(RPC_RESULT);
    w.i64(query);
    match &packed {
        Some(packed) => {
            w.u32(GZIP_PACKED);
            w.bytes(packed);
        }
        None => w.raw(body),
    }
    w.into_bytes()
}

/// Packs a body of some size, unless a piece out of its middle shows that it is not worth the time:
/// photographs and the like are packed already.
fn pack(body: &[u8]) -> Option<Vec<u8>> {
    const SAMPLE: usize = 2048;
    const LARGE: usize = 16 * 1024;
    if body.len() < GZIP_BYTES_MIN {
        return None;
    }
    if body.len() > LARGE {
        let middle = body.len() / 2;
        let sample = &body[middle..middle + SAMPLE];
        if gzip::pack(sample).len() > SAMPLE * 9 / 10 {
            return None;
        }
    }
    let packed = gzip::pack(body);
    (packed.len() + 16 < body.len()).then_some(packed)
}
