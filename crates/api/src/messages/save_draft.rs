//! `messages.saveDraft`

use domain::{Error, text};
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::drafts;
use tl_api::functions;
use updates::content::Quote;
use updates::draft::Draft;

use crate::view;

/// Keeps what the caller began to write, for their other devices; an empty draft is forgotten.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`, `ENTITIES_TOO_LONG`,
/// `QUOTE_TEXT_INVALID`.
pub async fn handler(cx: Cx, request: functions::messages::SaveDraft) -> Result<bool, Error> {
    let me = cx.me()?;
    let (peer, draft) = view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        let entities = from_tl::entities(tx, me, &request.entities.unwrap_or_default());
        let (reply_to, quote) = from_tl::reply(tx, me, request.reply_to, request.reply_to_msg_id);
        let draft = Draft {
            text: text::draft(&request.message, entities)?,
            reply_to,
            quote: quote.map(Quote::cleaned).transpose()?,
            no_webpage: request.no_webpage,
            invert_media: request.invert_media,
        };
        Ok((peer, draft))
    })
    .await?;
    drafts::save(cx.service(), me, peer, draft, cx.origin()).await?;
    Ok(true)
}
