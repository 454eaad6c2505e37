//! Service messages of the client, taken apart.

use std::borrow::Cow;

use tl::service::{
    BadMsgNotification, BadServerSalt, DestroyAuthKey, DestroySession, GZIP_PACKED, GetFutureSalts, HttpWait,
    MsgDetailedInfo, MsgNewDetailedInfo, MsgResendAnsReq, MsgResendReq, MsgsAck, MsgsAllInfo, MsgsStateInfo,
    MsgsStateReq, NewSessionCreated, Ping, PingDelayDisconnect, Pong, RPC_RESULT, RpcDropAnswer,
};
use tl::{DecodeError, Reader, gzip};

use super::container::is_container;
use crate::limits::{MSG_IDS_MAX, RESEND_IDS_MAX, UNPACKED_BYTES_MAX};

/// What a message wants.
pub(super) enum Request<'a> {
    /// A query of the application, unpacked if it came packed.
    Rpc(Cow<'a, [u8]>),
    Acks(Vec<i64>),
    Ping {
        ping_id: i64,
        disconnect_delay: Option<i32>,
    },
    StateReq(Vec<i64>),
    ResendReq(Vec<i64>),
    ResendAnsReq(Vec<i64>),
    DropAnswer(i64),
    FutureSalts(i32),
    DestroySession(i64),
    DestroyAuthKey,
    HttpWait(HttpWait),
    /// Something that only concerns messages of the server, of which nothing follows here.
    Notice,
}

/// Why a message is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestError {
    Malformed(DecodeError),
    TooManyIds {
        count: usize,
    },
    /// A container where none may stand.
    Nested,
    /// The packet unpacks to more than is taken.
    TooMuchPacked,
}

impl Request<'_> {
    /// Whether the message must be content-related (`Some(true)`), must not be (`Some(false)`), or may
    /// be either.
    ///
    /// Source: MTProto, "Detailed description", "Content-related message".
    pub(super) fn content_related(&self) -> Option<bool> {
        match self {
            Self::Rpc(_) => Some(true),
            Self::Acks(_) => Some(false),
            _ => None,
        }
    }
}

/// Takes a body apart. Everything that is no service message is a query of the application; so is
/// packed data that does not unpack, for the application says what is wrong with queries. `left`: the bytes
/// that the packet may still unpack to; a message that does not unpack uses them up.
pub(super) fn parse<'a>(body: &'a [u8], left: &mut usize) -> Result<Request<'a>, RequestError> {
    if Reader::new(body).peek_u32() != Ok(GZIP_PACKED) {
        return Ok(service(body)?.unwrap_or(Request::Rpc(Cow::Borrowed(body))));
    }
    let mut r = Reader::new(body);
    let Ok(packed) = r.u32().and_then(|_| r.bytes()) else { return Ok(Request::Rpc(Cow::Borrowed(body))) };
    let is_first = *left == UNPACKED_BYTES_MAX;
    let unpacked = match gzip::unpack(packed, *left) {
        Ok(unpacked) => unpacked,
        Err(DecodeError::PackedTooLarge { .. }) if !is_first => return Err(RequestError::TooMuchPacked),
        Err(_) => {
            *left = 0;
            return Ok(Request::Rpc(Cow::Borrowed(body)));
        }
    };
    *left -= unpacked.len();
    if is_container(&unpacked) {
        return Err(RequestError::Nested);
    }
    Ok(match service(&unpacked)? {
        Some(request) => request,
        None => Request::Rpc(Cow::Owned(unpacked)),
    })
}

fn service(body: &[u8]) -> Result<Option<Request<'static>>, RequestError> {
    let mut r = Reader::new(body);
    let malformed = RequestError::Malformed;
    let r = &mut r;
    let request = match r.u32().map_err(malformed)? {
        MsgsAck::ID => Request::Acks(ids(MsgsAck::decode_body(r).map_err(malformed)?.msg_ids)?),
        Ping::ID => {
            let ping = Ping::decode_body(r).map_err(malformed)?;
            Request::Ping { ping_id: ping.ping_id, disconnect_delay: None }
        }
        PingDelayDisconnect::ID => {
            let ping = PingDelayDisconnect::decode_body(r).map_err(malformed)?;
            Request::Ping { ping_id: ping.ping_id, disconnect_delay: Some(ping.disconnect_delay) }
        }
        MsgsStateReq::ID => Request::StateReq(ids(MsgsStateReq::decode_body(r).map_err(malformed)?.msg_ids)?),
        MsgResendReq::ID => {
            Request::ResendReq(few(MsgResendReq::decode_body(r).map_err(malformed)?.msg_ids)?)
        }
        MsgResendAnsReq::ID => {
            Request::ResendAnsReq(few(MsgResendAnsReq::decode_body(r).map_err(malformed)?.msg_ids)?)
        }
        RpcDropAnswer::ID => {
            Request::DropAnswer(RpcDropAnswer::decode_body(r).map_err(malformed)?.req_msg_id)
        }
        GetFutureSalts::ID => Request::FutureSalts(GetFutureSalts::decode_body(r).map_err(malformed)?.num),
        DestroySession::ID => {
            Request::DestroySession(DestroySession::decode_body(r).map_err(malformed)?.session_id)
        }
        DestroyAuthKey::ID => Request::DestroyAuthKey,
        HttpWait::ID => Request::HttpWait(HttpWait::decode_body(r).map_err(malformed)?),
        MsgsAllInfo::ID => {
            ids(MsgsAllInfo::decode_body(r).map_err(malformed)?.msg_ids)?;
            Request::Notice
        }
        MsgsStateInfo::ID
        | MsgDetailedInfo::ID
        | MsgNewDetailedInfo::ID
        | Pong::ID
        | BadMsgNotification::ID
        | BadServerSalt::ID
        | NewSessionCreated::ID
        | RPC_RESULT => Request::Notice,
        _ => return Ok(None),
    };
    Ok(Some(request))
}

fn ids(ids: Vec<i64>) -> Result<Vec<i64>, RequestError> {
    at_most(MSG_IDS_MAX, ids)
}

fn few(ids: Vec<i64>) -> Result<Vec<i64>, RequestError> {
    at_most(RESEND_IDS_MAX, ids)
}

fn at_most(bound: usize, ids: Vec<i64>) -> Result<Vec<i64>, RequestError> {
    if ids.len() > bound { Err(RequestError::TooManyIds { count: ids.len() }) } else { Ok(ids) }
}
