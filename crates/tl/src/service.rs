//! The service types of MTProto (`schema/mtproto.tl`): key exchange and system messages.
//!
//! They are the same in every layer. `rpc_result`, `msg_container` and `msg_copy` hold other objects
//! and are taken apart by the `mtproto` crate; their ids stand here.
//!
//! Source: MTProto, "Creating an authorization key" and "Service messages".

use crate::{Decode, DecodeError, Encode, Inexpressible, Reader, Writer};

/// `rpc_result#f35c6d01 req_msg_id:long result:Object`
pub const RPC_RESULT: u32 = 0xf35c_6d01;
/// `msg_container#73f1f8dc messages:vector<message>`
pub const MSG_CONTAINER: u32 = 0x73f1_f8dc;
/// `msg_copy#e06046b2 orig_message:Message`
pub const MSG_COPY: u32 = 0xe060_46b2;
pub use crate::gzip::GZIP_PACKED;

/// Structs with one constructor each.
macro_rules! constructors {
    ($( $(#[$doc:meta])* $name:ident $id:literal { $($field:ident: $type:ty),* $(,)? } )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq)]
        pub struct $name { $(pub $field: $type),* }

        impl $name {
            pub const ID: u32 = $id;

            /// The fields, after the id was read.
            pub fn decode_body(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let _ = &r;
                Ok(Self { $($field: Decode::decode(r)?),* })
            }
        }

        // The fields hold nonces, salts and keys, which no log may show.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl Decode for $name {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match r.u32()? {
                    $id => Self::decode_body(r),
                    id => Err(DecodeError::UnknownConstructor { id, expected: stringify!($name) }),
                }
            }
        }

        impl Encode for $name {
            fn encode(&self, w: &mut Writer) -> Result<(), Inexpressible> {
                w.u32($id);
                $(self.$field.encode(w)?;)*
                Ok(())
            }
        }
    )* };
}

/// Types with several constructors.
macro_rules! types {
    ($( $(#[$doc:meta])* $name:ident { $($variant:ident($inner:ident)),* $(,)? } )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name { $($variant($inner)),* }

        impl Decode for $name {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match r.u32()? {
                    $($inner::ID => $inner::decode_body(r).map(Self::$variant),)*
                    id => Err(DecodeError::UnknownConstructor { id, expected: stringify!($name) }),
                }
            }
        }

        impl Encode for $name {
            fn encode(&self, w: &mut Writer) -> Result<(), Inexpressible> {
                match self { $(Self::$variant(inner) => inner.encode(w)),* }
            }
        }

        $(impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self::$variant(inner)
            }
        })*
    )* };
}

constructors! {
    /// `resPQ`: the answer to `req_pq` and `req_pq_multi`; `pq` is big-endian.
    ResPq 0x0516_2463 {
        nonce: [u8; 16], server_nonce: [u8; 16], pq: Vec<u8>, server_public_key_fingerprints: Vec<i64>,
    }
    /// `p_q_inner_data`: what Telethon, Pyrogram and others still send.
    PqInnerDataPlain 0x83c9_5aec {
        pq: Vec<u8>, p: Vec<u8>, q: Vec<u8>, nonce: [u8; 16], server_nonce: [u8; 16], new_nonce: [u8; 32],
    }
    /// `p_q_inner_data_dc`
    PqInnerDataDc 0xa9f5_5f95 {
        pq: Vec<u8>, p: Vec<u8>, q: Vec<u8>, nonce: [u8; 16], server_nonce: [u8; 16], new_nonce: [u8; 32],
        dc: i32,
    }
    /// `p_q_inner_data_temp`; `expires_in` in seconds.
    PqInnerDataTemp 0x3c6a_84d4 {
        pq: Vec<u8>, p: Vec<u8>, q: Vec<u8>, nonce: [u8; 16], server_nonce: [u8; 16], new_nonce: [u8; 32],
        expires_in: i32,
    }
    /// `p_q_inner_data_temp_dc`; `expires_in` in seconds.
    PqInnerDataTempDc 0x56fd_df88 {
        pq: Vec<u8>, p: Vec<u8>, q: Vec<u8>, nonce: [u8; 16], server_nonce: [u8; 16], new_nonce: [u8; 32],
        dc: i32, expires_in: i32,
    }
    /// `bind_auth_key_inner`: the encrypted message of `auth.bindTempAuthKey`; `expires_at` in unix seconds.
    BindAuthKeyInner 0x75a3_f765 {
        nonce: i64, temp_auth_key_id: i64, perm_auth_key_id: i64, temp_session_id: i64, expires_at: i32,
    }
    /// `server_DH_params_fail`
    ServerDhParamsFail 0x79cb_045d { nonce: [u8; 16], server_nonce: [u8; 16], new_nonce_hash: [u8; 16] }
    /// `server_DH_params_ok`
    ServerDhParamsOk 0xd0e8_075c { nonce: [u8; 16], server_nonce: [u8; 16], encrypted_answer: Vec<u8> }
    /// `server_DH_inner_data`; numbers big-endian, `server_time` in unix seconds.
    ServerDhInnerData 0xb589_0dba {
        nonce: [u8; 16], server_nonce: [u8; 16], g: i32, dh_prime: Vec<u8>, g_a: Vec<u8>, server_time: i32,
    }
    /// `client_DH_inner_data`; `g_b` big-endian.
    ClientDhInnerData 0x6643_b654 {
        nonce: [u8; 16], server_nonce: [u8; 16], retry_id: i64, g_b: Vec<u8>,
    }
    /// `dh_gen_ok`
    DhGenOk 0x3bcb_f734 { nonce: [u8; 16], server_nonce: [u8; 16], new_nonce_hash1: [u8; 16] }
    /// `dh_gen_retry`
    DhGenRetry 0x46dc_1fb9 { nonce: [u8; 16], server_nonce: [u8; 16], new_nonce_hash2: [u8; 16] }
    /// `dh_gen_fail`
    DhGenFail 0xa69d_ae02 { nonce: [u8; 16], server_nonce: [u8; 16], new_nonce_hash3: [u8; 16] }
    /// `destroy_auth_key_ok`
    DestroyAuthKeyOk 0xf660_e1d4 {}
    /// `destroy_auth_key_none`
    DestroyAuthKeyNone 0x0a9f_2259 {}
    /// `destroy_auth_key_fail`
    DestroyAuthKeyFail 0xea10_9b13 {}

    /// `req_pq`: tdesktop's check that a server is there.
    ReqPq 0x6046_9778 { nonce: [u8; 16] }
    /// `req_pq_multi`
    ReqPqMulti 0xbe7e_8ef1 { nonce: [u8; 16] }
    /// `req_DH_params`
    ReqDhParams 0xd712_e4be {
        nonce: [u8; 16], server_nonce: [u8; 16], p: Vec<u8>, q: Vec<u8>, public_key_fingerprint: i64,
        encrypted_data: Vec<u8>,
    }
    /// `set_client_DH_params`
    SetClientDhParams 0xf504_5f1f { nonce: [u8; 16], server_nonce: [u8; 16], encrypted_data: Vec<u8> }
    /// `destroy_auth_key`
    DestroyAuthKey 0xd143_5160 {}

    /// `msgs_ack`
    MsgsAck 0x62d6_b459 { msg_ids: Vec<i64> }
    /// `bad_msg_notification`
    BadMsgNotification 0xa7ef_f811 { bad_msg_id: i64, bad_msg_seqno: i32, error_code: i32 }
    /// `bad_server_salt`
    BadServerSalt 0xedab_447b {
        bad_msg_id: i64, bad_msg_seqno: i32, error_code: i32, new_server_salt: i64,
    }
    /// `msgs_state_req`
    MsgsStateReq 0xda69_fb52 { msg_ids: Vec<i64> }
    /// `msgs_state_info`: one byte of `info` per message asked for.
    MsgsStateInfo 0x04de_b57d { req_msg_id: i64, info: Vec<u8> }
    /// `msgs_all_info`
    MsgsAllInfo 0x8cc0_d131 { msg_ids: Vec<i64>, info: Vec<u8> }
    /// `msg_detailed_info`
    MsgDetailedInfo 0x276d_3ec6 { msg_id: i64, answer_msg_id: i64, bytes: i32, status: i32 }
    /// `msg_new_detailed_info`
    MsgNewDetailedInfo 0x809d_b6df { answer_msg_id: i64, bytes: i32, status: i32 }
    /// `msg_resend_req`
    MsgResendReq 0x7d86_1a08 { msg_ids: Vec<i64> }
    /// `msg_resend_ans_req`
    MsgResendAnsReq 0x8610_baeb { msg_ids: Vec<i64> }
    /// `rpc_error`
    RpcError 0x2144_ca19 { error_code: i32, error_message: String }
    /// `rpc_drop_answer`
    RpcDropAnswer 0x58e4_a740 { req_msg_id: i64 }
    /// `rpc_answer_unknown`
    RpcAnswerUnknown 0x5e2a_d36e {}
    /// `rpc_answer_dropped_running`
    RpcAnswerDroppedRunning 0xcd78_e586 {}
    /// `rpc_answer_dropped`
    RpcAnswerDropped 0xa43a_d8b7 { msg_id: i64, seq_no: i32, bytes: i32 }
    /// `get_future_salts`
    GetFutureSalts 0xb921_bd04 { num: i32 }
    /// `ping`
    Ping 0x7abe_77ec { ping_id: i64 }
    /// `ping_delay_disconnect`; `disconnect_delay` in seconds.
    PingDelayDisconnect 0xf342_7b8c { ping_id: i64, disconnect_delay: i32 }
    /// `pong`
    Pong 0x3477_73c5 { msg_id: i64, ping_id: i64 }
    /// `destroy_session`
    DestroySession 0xe751_2126 { session_id: i64 }
    /// `destroy_session_ok`
    DestroySessionOk 0xe220_45fc { session_id: i64 }
    /// `destroy_session_none`
    DestroySessionNone 0x62d3_50c9 { session_id: i64 }
    /// `new_session_created`
    NewSessionCreated 0x9ec2_0908 { first_msg_id: i64, unique_id: i64, server_salt: i64 }
    /// `http_wait`; all in milliseconds.
    HttpWait 0x9299_359f { max_delay: i32, wait_after: i32, max_wait: i32 }
}

types! {
    /// `P_Q_inner_data`
    PqInnerData {
        Plain(PqInnerDataPlain), Dc(PqInnerDataDc), Temp(PqInnerDataTemp), TempDc(PqInnerDataTempDc),
    }
    /// `Server_DH_Params`
    ServerDhParams { Fail(ServerDhParamsFail), Ok(ServerDhParamsOk) }
    /// `Set_client_DH_params_answer`
    SetClientDhParamsAnswer { Ok(DhGenOk), Retry(DhGenRetry), Fail(DhGenFail) }
    /// `DestroyAuthKeyRes`
    DestroyAuthKeyRes { Ok(DestroyAuthKeyOk), None(DestroyAuthKeyNone), Fail(DestroyAuthKeyFail) }
    /// `DestroySessionRes`
    DestroySessionRes { Ok(DestroySessionOk), None(DestroySessionNone) }
    /// The answers to `rpc_drop_answer`.
    RpcDropAnswerResult {
        Unknown(RpcAnswerUnknown), DroppedRunning(RpcAnswerDroppedRunning), Dropped(RpcAnswerDropped),
    }
}

/// `future_salt#0949d9dc`: a salt and the unix seconds between which it is good. Always bare.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct FutureSalt {
    pub valid_since: i32,
    pub valid_until: i32,
    pub salt: i64,
}

impl std::fmt::Debug for FutureSalt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FutureSalt")
    }
}

/// `future_salts#ae500895 req_msg_id:long now:int salts:vector<future_salt>`: a bare vector of bare salts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FutureSalts {
    pub req_msg_id: i64,
    pub now: i32,
    pub salts: Vec<FutureSalt>,
}

impl FutureSalts {
    pub const ID: u32 = 0xae50_0895;
}

impl Decode for FutureSalts {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.u32()? {
            Self::ID => (),
            id => return Err(DecodeError::UnknownConstructor { id, expected: "FutureSalts" }),
        }
        let (req_msg_id, now) = (r.i64()?, r.i32()?);
        let count = r.count(16)?;
        let mut salts = Vec::with_capacity(count);
        for _ in 0..count {
            salts.push(FutureSalt { valid_since: r.i32()?, valid_until: r.i32()?, salt: r.i64()? });
        }
        Ok(Self { req_msg_id, now, salts })
    }
}

impl Encode for FutureSalts {
    fn encode(&self, w: &mut Writer) -> Result<(), Inexpressible> {
        w.u32(Self::ID);
        w.i64(self.req_msg_id);
        w.i32(self.now);
        w.u32(self.salts.len() as u32);
        for salt in &self.salts {
            w.i32(salt.valid_since);
            w.i32(salt.valid_until);
            w.i64(salt.salt);
        }
        Ok(())
    }
}
