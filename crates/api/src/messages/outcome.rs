//! The answer to methods that send messages, now or later.

use domain::Error;
use rpc::Cx;
use service::messages::schedule::Outcome;
use tl_api::types;
use updates::log::Position;
use updates::scheduled;

use crate::view;

/// The caller's own updates, each new id before the message that has it: clients match a `random_id` to its
/// message by that.
pub async fn answer(cx: &Cx, outcomes: Vec<(i64, Outcome)>) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let mut ids = Vec::new();
    let mut waiting = Vec::new();
    let mut positions: Vec<Position> = Vec::new();
    for (random_id, outcome) in outcomes {
        let (id, own) = match outcome {
            Outcome::Sent(sent) => (sent.message_id, sent.positions),
            Outcome::Waiting { id, positions } => {
                waiting.push(id);
                (id, positions)
            }
        };
        ids.push(types::UpdateMessageId { id, random_id });
        positions.extend(own);
    }
    let mut answer = if waiting.is_empty() {
        view::own_updates(cx, positions).await?
    } else {
        let presence = cx.service().presence.clone();
        view::read(cx, move |tx| Ok(scheduled::answer(tx, me, &waiting, &positions, &presence)?)).await?
    };
    answer.updates.splice(0..0, ids.into_iter().map(Into::into));
    Ok(answer)
}

/// The caller's own updates after a waiting message was changed: it has its id already.
pub async fn changed(cx: &Cx, outcome: Outcome) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let (waiting, positions) = match outcome {
        Outcome::Sent(sent) => (Vec::new(), sent.positions),
        Outcome::Waiting { id, positions } => (vec![id], positions),
    };
    let presence = cx.service().presence.clone();
    view::read(cx, move |tx| Ok(scheduled::answer(tx, me, &waiting, &positions, &presence)?)).await
}
