//! The key exchange, from the library's own parts.
//!
//! The library's list of server keys is closed, so its `connect` cannot be used against another
//! server. Everything else of it can: the transport, the plain session, the wire types, the RSA
//! padding and the ciphers. This file only joins them, and hands the key to the session storage.

use std::net::SocketAddr;

use grammers_crypto::{AuthKey, aes, factorize, generate_key_data_from_nonce, rsa};
use grammers_mtproto::{mtp, transport};
use grammers_mtsender::{Sender, ServerAddr};
use grammers_tl_types::{self as tl, Cursor, Deserializable, Serializable};
use num_bigint::BigUint;
use sha1::{Digest, Sha1};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A fresh authorization key, agreed with the server at `address` under its public key.
pub async fn auth_key(address: SocketAddr, fingerprint: i64, key: &rsa::Key) -> Result<[u8; 256], Failure> {
    let mut sender =
        Sender::connect(transport::Full::new(), mtp::Plain::new(), ServerAddr::Tcp { address }).await?;
    let nonce: [u8; 16] = random();
    let tl::enums::ResPq::Pq(offer) = sender.invoke(&tl::functions::ReqPqMulti { nonce }).await?;
    if !offer.server_public_key_fingerprints.contains(&fingerprint) {
        return Err("unknown fingerprints".into());
    }
    let (request, secret) = answer_pq(nonce, &offer, fingerprint, key)?;
    let tl::enums::ServerDhParams::Ok(params) = sender.invoke(&request).await? else {
        return Err("the server refused the DH parameters".into());
    };
    let (request, shared) = answer_dh(&secret, params)?;
    match sender.invoke(&request).await? {
        tl::enums::SetClientDhParamsAnswer::DhGenOk(ok) => check(shared, &secret, ok),
        other => Err(format!("the server did not take the key: {other:?}").into()),
    }
}

struct Secret {
    nonce: [u8; 16],
    server_nonce: [u8; 16],
    new_nonce: [u8; 32],
}

fn answer_pq(
    nonce: [u8; 16],
    offer: &tl::types::ResPq,
    public_key_fingerprint: i64,
    key: &rsa::Key,
) -> Result<(tl::functions::ReqDhParams, Secret), Failure> {
    let pq = u64::from_be_bytes(offer.pq.as_slice().try_into()?);
    let (p, q) = factorize(pq);
    let (p, q) = (trimmed(p), trimmed(q));
    let secret = Secret { nonce, server_nonce: offer.server_nonce, new_nonce: random() };
    let inner = tl::enums::PQInnerData::Data(tl::types::PQInnerData {
        pq: offer.pq.clone(),
        p: p.clone(),
        q: q.clone(),
        nonce,
        server_nonce: secret.server_nonce,
        new_nonce: secret.new_nonce,
    });
    let request = tl::functions::ReqDhParams {
        nonce,
        server_nonce: secret.server_nonce,
        p,
        q,
        public_key_fingerprint,
        encrypted_data: rsa::encrypt_hashed(&inner.to_bytes(), key, &random()),
    };
    Ok((request, secret))
}

fn answer_dh(
    secret: &Secret,
    params: tl::types::ServerDhParamsOk,
) -> Result<(tl::functions::SetClientDhParams, [u8; 256]), Failure> {
    let (aes_key, iv) = generate_key_data_from_nonce(&secret.server_nonce, &secret.new_nonce);
    let mut answer = params.encrypted_answer;
    if answer.len() % 16 != 0 || answer.len() < 20 {
        return Err("the encrypted answer is cut short".into());
    }
    aes::ige_decrypt(&mut answer, &aes_key, &iv);
    let mut cursor = Cursor::from_slice(&answer[20..]);
    let tl::enums::ServerDhInnerData::Data(inner) = tl::enums::ServerDhInnerData::deserialize(&mut cursor)?;
    if answer[..20] != Sha1::digest(&answer[20..20 + cursor.pos()])[..] {
        return Err("the answer's hash is wrong".into());
    }
    let prime = BigUint::from_bytes_be(&inner.dh_prime);
    let ours = BigUint::from_bytes_be(&random::<256>());
    let g_b = BigUint::from(u32::try_from(inner.g)?).modpow(&ours, &prime);
    let shared = BigUint::from_bytes_be(&inner.g_a).modpow(&ours, &prime).to_bytes_be();
    let mut key = [0; 256];
    key[256 - shared.len()..].copy_from_slice(&shared);

    let body = tl::enums::ClientDhInnerData::Data(tl::types::ClientDhInnerData {
        nonce: secret.nonce,
        server_nonce: secret.server_nonce,
        retry_id: 0,
        g_b: g_b.to_bytes_be(),
    })
    .to_bytes();
    let mut encrypted_data = Sha1::digest(&body).to_vec();
    encrypted_data.extend(body);
    encrypted_data.resize(encrypted_data.len().next_multiple_of(16), 0);
    aes::ige_encrypt(&mut encrypted_data, &aes_key, &iv);
    let request = tl::functions::SetClientDhParams {
        nonce: secret.nonce,
        server_nonce: secret.server_nonce,
        encrypted_data,
    };
    Ok((request, key))
}

fn check(key: [u8; 256], secret: &Secret, ok: tl::types::DhGenOk) -> Result<[u8; 256], Failure> {
    let expected = AuthKey::from_bytes(key).calc_new_nonce_hash(&secret.new_nonce, 1);
    if ok.nonce != secret.nonce || ok.new_nonce_hash1 != expected {
        return Err("the server derived another key".into());
    }
    Ok(key)
}

fn trimmed(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    bytes[bytes.iter().position(|&b| b != 0).unwrap_or(7)..].to_vec()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
