//! `messages.getDhConfig`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::dh;
use tl_api::{enums, functions, types};

/// The group has never changed.
const VERSION: i32 = 1;

/// The group for secret chats and calls: the one of the handshake, which clients have checked already.
///
/// Errors: `RANDOM_LENGTH_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetDhConfig,
) -> Result<enums::messages::DhConfig, Error> {
    if !(0..=limits::DH_RANDOM_LENGTH).contains(&request.random_length) {
        return Err(Fault::random_length_invalid().into());
    }
    let mut random = vec![0; usize::try_from(request.random_length).unwrap_or_default()];
    cx.service().random.fill(&mut random);
    if request.version == VERSION {
        return Ok(types::messages::DhConfigNotModified { random }.into());
    }
    Ok(types::messages::DhConfig { g: dh::G, p: dh::prime().to_vec(), version: VERSION, random }.into())
}
