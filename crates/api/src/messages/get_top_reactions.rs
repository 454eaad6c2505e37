//! `messages.getTopReactions`

use domain::{Error, reactions};
use rpc::Cx;
use service::messages::react;
use tl_api::{enums, functions, types};
use updates::offsets;

/// The reactions to offer first: those that the caller gave last, then all others.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetTopReactions,
) -> Result<enums::messages::Reactions, Error> {
    let mut top = react::recent(cx.service(), cx.me()?).await?;
    for emoji in reactions::EMOJI {
        if !top.iter().any(|other| other == emoji) {
            top.push((*emoji).to_owned());
        }
    }
    Ok(listed(top, request.limit, request.hash))
}

/// A list of emoji for a client that may have it already.
pub(super) fn listed(mut emoji: Vec<String>, limit: i32, hash: i64) -> enums::messages::Reactions {
    emoji.truncate(usize::try_from(limit).unwrap_or(0));
    let list_hash = offsets::list_hash(emoji.iter().map(|emoji| {
        emoji.bytes().fold(0i64, |number, byte| number.wrapping_mul(31).wrapping_add(byte.into()))
    }));
    if hash != 0 && hash == list_hash {
        return enums::messages::Reactions::NotModified;
    }
    let reactions = emoji.into_iter().map(|emoticon| types::ReactionEmoji { emoticon }.into()).collect();
    types::messages::Reactions { hash: list_hash, reactions }.into()
}
