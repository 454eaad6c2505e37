//! The wrappers around a query: `invokeWithLayer`, `initConnection` and their kin.

use domain::Fault;
use tl::{DecodeError, Reader, gzip};

/// Wrappers inside each other, at most. Clients need four.
const WRAPPERS_MAX: usize = 12;

/// Bytes that packed queries may unpack to.
const UNPACKED_MAX: usize = 2 << 20;

/// Messages that one query may wait for.
const AFTER_MAX: usize = 64;

mod id {
    pub(super) const INVOKE_WITH_LAYER: u32 = 0xda9b_0d0d;
    pub(super) const INIT_CONNECTION: u32 = 0xc1cd_5ea9;
    pub(super) const INVOKE_AFTER_MSG: u32 = 0xcb9f_372d;
    pub(super) const INVOKE_AFTER_MSGS: u32 = 0x3dc4_b4f0;
    pub(super) const INVOKE_WITHOUT_UPDATES: u32 = 0xbf94_59b7;
    pub(super) const INVOKE_WITH_MESSAGES_RANGE: u32 = 0x365275f2;
    pub(super) const INVOKE_WITH_TAKEOUT: u32 = 0xaca9_fd2e;
    pub(super) const GZIP_PACKED: u32 = 0x3072_cfa1;
    pub(super) const INPUT_CLIENT_PROXY: u32 = 0x7558_8b3f;
}

/// What `initConnection` says of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    pub api_id: i32,
    pub device_model: String,
    pub system_version: String,
    pub app_version: String,
    pub system_lang_code: String,
    pub lang_pack: String,
    pub lang_code: String,
}

/// A query without its wrappers, and what they said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The layer announced.
    pub layer: Option<i32>,
    pub init: Option<Init>,
    /// The session wants no pushes on account of this query.
    pub without_updates: bool,
    /// Messages that have to be done first.
    pub after: Vec<i64>,
    pub query: Vec<u8>,
}

/// Unwraps a query.
///
/// Errors: `INPUT_FETCH_ERROR` for bytes that do not parse, `INPUT_REQUEST_TOO_LONG` for what unpacks to
/// too much.
pub fn open(body: &[u8]) -> Result<Envelope, Fault> {
    let mut envelope = Envelope::default();
    let mut body = body.to_vec();
    let mut at = 0;
    for _ in 0..WRAPPERS_MAX {
        match step(&body[at..], &mut envelope) {
            Ok(Step::Wrapped(inner)) => at = body.len() - inner.len(),
            Ok(Step::Packed(packed)) => {
                body = gzip::unpack(packed, UNPACKED_MAX).map_err(refuse)?;
                at = 0;
            }
            Ok(Step::Query) => {
                body.drain(..at);
                envelope.query = body;
                return Ok(envelope);
            }
            Err(error) => return Err(refuse(error)),
        }
    }
    Err(Fault::input_fetch_error())
}

/// The messages that a query is to wait for, as far as can be told without unpacking anything. Clients put
/// `invokeAfterMsg` outside of what they pack, or pack the whole message.
pub fn after(body: &[u8]) -> Vec<i64> {
    let mut envelope = Envelope::default();
    let mut body = body;
    for _ in 0..WRAPPERS_MAX {
        match step(body, &mut envelope) {
            Ok(Step::Wrapped(inner)) => body = inner,
            Ok(Step::Packed(_) | Step::Query) => return envelope.after,
            Err(_) => break,
        }
    }
    Vec::new()
}

fn refuse(error: DecodeError) -> Fault {
    match error {
        DecodeError::PackedTooLarge { .. } => Fault::request_too_long(),
        _ => Fault::input_fetch_error(),
    }
}

/// What stands at the beginning of a body.
enum Step<'a> {
    /// A wrapper, and what is in it.
    Wrapped(&'a [u8]),
    Packed(&'a [u8]),
    Query,
}

/// Takes one wrapper off.
fn step<'a>(body: &'a [u8], envelope: &mut Envelope) -> Result<Step<'a>, DecodeError> {
    let mut r = Reader::new(body);
    match r.u32()? {
        id::INVOKE_WITH_LAYER => envelope.layer = Some(r.i32()?),
        id::INIT_CONNECTION => envelope.init = Some(init(&mut r)?),
        id::INVOKE_AFTER_MSG => envelope.after.push(r.i64()?),
        id::INVOKE_AFTER_MSGS => {
            let count = r.vector(8)?;
            for _ in 0..count {
                let msg_id = r.i64()?;
                if envelope.after.len() < AFTER_MAX {
                    envelope.after.push(msg_id);
                }
            }
        }
        id::INVOKE_WITHOUT_UPDATES => envelope.without_updates = true,
        id::INVOKE_WITH_TAKEOUT => {
            r.i64()?;
        }
        id::INVOKE_WITH_MESSAGES_RANGE => {
            // messageRange#ae30253 min_id:int max_id:int
            r.u32()?;
            r.i32()?;
            r.i32()?;
        }
        id::GZIP_PACKED => return r.bytes().map(Step::Packed),
        _ => return Ok(Step::Query),
    }
    Ok(Step::Wrapped(r.rest()))
}

fn init(r: &mut Reader<'_>) -> Result<Init, DecodeError> {
    let flags = r.u32()?;
    let init = Init {
        api_id: r.i32()?,
        device_model: r.string()?,
        system_version: r.string()?,
        app_version: r.string()?,
        system_lang_code: r.string()?,
        lang_pack: r.string()?,
        lang_code: r.string()?,
    };
    if flags & 1 != 0 {
        if r.u32()? != id::INPUT_CLIENT_PROXY {
            return Err(DecodeError::UnknownConstructor { id: 0, expected: "InputClientProxy" });
        }
        r.bytes()?;
        r.i32()?;
    }
    if flags & 2 != 0 {
        skip_json(r)?;
    }
    Ok(init)
}

/// Passes over a `JSONValue`, which nothing here needs.
fn skip_json(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    use tl::Decode;
    tl_api::enums::JsonValue::decode(r).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tl::Writer;

    fn ping() -> Vec<u8> {
        let mut w = Writer::new(0);
        w.u32(0xc4f9_186b);
        w.into_bytes()
    }

    fn layer(inner: &[u8]) -> Vec<u8> {
        let mut w = Writer::new(0);
        w.u32(id::INVOKE_WITH_LAYER);
        w.i32(158);
        w.raw(inner);
        w.into_bytes()
    }

    #[test]
    fn wrappers_come_off_in_any_order() {
        let mut w = Writer::new(0);
        w.u32(id::INVOKE_WITHOUT_UPDATES);
        w.u32(id::INVOKE_AFTER_MSG);
        w.i64(77);
        w.raw(&layer(&ping()));
        let opened = open(&w.into_bytes()).unwrap();
        let expected = Envelope {
            layer: Some(158),
            without_updates: true,
            after: vec![77],
            query: ping(),
            ..Envelope::default()
        };
        assert_eq!(opened, expected);
    }

    #[test]
    fn a_packed_query_may_stand_inside_a_wrapper() {
        let mut w = Writer::new(0);
        w.u32(id::GZIP_PACKED);
        w.bytes(&gzip::pack(&ping()));
        assert_eq!(open(&layer(&w.into_bytes())).unwrap().query, ping());
    }

    #[test]
    fn what_to_wait_for_is_told_without_unpacking() {
        let after = |inner: &[u8]| {
            let mut w = Writer::new(0);
            w.u32(id::INVOKE_AFTER_MSG);
            w.i64(77);
            w.raw(inner);
            w.into_bytes()
        };
        let packed = |inner: &[u8]| {
            let mut w = Writer::new(0);
            w.u32(id::GZIP_PACKED);
            w.bytes(&gzip::pack(inner));
            w.into_bytes()
        };
        assert_eq!(super::after(&layer(&after(&ping()))), [77]);
        assert_eq!(super::after(&after(&packed(&ping()))), [77]);
        assert_eq!(super::after(&packed(&after(&ping()))), [] as [i64; 0]);
        assert_eq!(super::after(&after(&[1])), [] as [i64; 0]);
        let bomb = packed(&vec![0; UNPACKED_MAX + 1]);
        assert_eq!(open(&after(&bomb)), Err(Fault::request_too_long()));
    }

    #[test]
    fn endless_wrappers_end() {
        let mut body = ping();
        for _ in 0..100 {
            body = layer(&body);
        }
        assert_eq!(open(&body), Err(Fault::input_fetch_error()));
    }

    #[test]
    fn cut_wrappers_are_refused() {
        let whole = layer(&ping());
        for length in 0..8 {
            assert_eq!(open(&whole[..length]), Err(Fault::input_fetch_error()), "{length}");
        }
    }
}
