//! Queries on their way to the handler and back.

use std::sync::Arc;
use std::time::Duration;

use domain::Fault;
use mtproto::session::server::{DestroyAuthKeyOutcome, Packed};
use rpc::boundary::{Caller, Effect, Reply};
use tracing::error;

use crate::entry::{Entry, Outcome};
use crate::limits::AFTER_SECS;
use crate::link::Link;
use crate::shared::Shared;
use crate::task;

/// A query as a session gave it out.
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) msg_id: i64,
    pub(crate) body: Vec<u8>,
    pub(crate) link: Arc<Link>,
}

/// Runs the query in a task of its own. It is answered in its session, whatever becomes of the connection.
pub(crate) fn start(shared: &Arc<Shared>, entry: &Arc<Entry>, call: Call) {
    entry.state().begin(call.msg_id);
    let length = call.body.len();
    call.link.call_begins(length);
    let answer = Answer {
        shared: Arc::clone(shared),
        entry: Arc::clone(entry),
        link: Arc::clone(&call.link),
        msg_id: call.msg_id,
        length,
        auth_key_id: call.caller.auth_key_id,
        reply: None,
    };
    task::spawn(run(answer, call));
}

async fn run(mut answer: Answer, call: Call) {
    let shared = Arc::clone(&answer.shared);
    let entry = Arc::clone(&answer.entry);
    let after = shared.handler.after_msg_ids(&call.body);
    if !after.is_empty()
        && let Err(fault) = wait_for(&entry, &after).await
    {
        answer.reply = Some(Reply::new(rpc_error(&fault)));
        return;
    }
    // The semaphore is never closed; without a place the query would merely run at once.
    let _place = entry.places.acquire().await.ok();
    answer.reply = Some(shared.handler.call(call.caller, call.msg_id, call.body).await);
}

/// Waits until the queries with these ids are answered.
async fn wait_for(entry: &Entry, msg_ids: &[i64]) -> Result<(), Fault> {
    let deadline = tokio::time::sleep(Duration::from_secs(AFTER_SECS));
    tokio::pin!(deadline);
    loop {
        let answered = entry.answered.notified();
        tokio::pin!(answered);
        // Registered before looking, so that no answer falls in between.
        answered.as_mut().enable();
        let outcome = entry.state().outcome_of(msg_ids);
        match outcome {
            Outcome::Succeeded => return Ok(()),
            Outcome::Failed => return Err(fault(400, "MSG_WAIT_FAILED")),
            Outcome::Running => {}
        }
        tokio::select! {
            () = &mut answered => {}
            () = &mut deadline => return Err(fault(400, "MSG_WAIT_TIMEOUT")),
        }
    }
}

/// Hands the reply to the session when it is dropped: also when the handler panicked, so that nobody waits
/// for ever.
struct Answer {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    link: Arc<Link>,
    msg_id: i64,
    /// Of the query.
    length: usize,
    auth_key_id: i64,
    reply: Option<Reply>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        let reply = self.reply.take().unwrap_or_else(|| {
            error!("a query ended without an answer");
            Reply::new(rpc_error(&fault(500, "INTERNAL_SERVER_ERROR")))
        });
        if let Effect::Bound { perm_id, has_user, expires_at } = reply.effect {
            self.entry.key.bind(perm_id, has_user, expires_at);
            self.shared.registry.set_user(self.entry.key.id(), has_user);
        }
        // Before the session is taken, which others wait for.
        let answer = Packed::new(self.msg_id, &reply.body);
        let outcome = if is_rpc_error(&reply.body) { Outcome::Failed } else { Outcome::Succeeded };
        {
            let mut state = self.entry.state();
            state.finish(self.msg_id, outcome);
            state.session.answer_packed(self.shared.now().0, answer);
            // An answer gives nothing else to do.
            let _ = state.settle();
        }
        self.entry.answered.notify_waiters();
        self.link.call_ends(self.length);
        if reply.effect == Effect::DropKey {
            self.shared.drop_key(self.entry.reference, self.auth_key_id);
        }
    }
}

/// `destroy_auth_key`: the key that the message was sealed with is no more.
pub(crate) fn destroy_key(shared: &Arc<Shared>, entry: &Arc<Entry>, link: &Arc<Link>, msg_id: i64) {
    let (shared, entry, link) = (Arc::clone(shared), Arc::clone(entry), Arc::clone(link));
    link.call_begins(0);
    task::spawn(async move {
        let key_id = entry.reference.key_id;
        let outcome = match shared.keys.destroy(key_id).await {
            Ok(true) => DestroyAuthKeyOutcome::Ok,
            Ok(false) => DestroyAuthKeyOutcome::None,
            Err(failure) => {
                error!(%failure, "a key could not be destroyed");
                DestroyAuthKeyOutcome::Fail
            }
        };
        let is_gone = !matches!(outcome, DestroyAuthKeyOutcome::Fail);
        {
            let mut state = entry.state();
            state.session.answer_destroy_auth_key(shared.now().0, msg_id, outcome);
            let _ = state.settle();
        }
        if is_gone {
            shared.drop_key(entry.reference, key_id);
        }
        link.call_ends(0);
    });
}

const RPC_ERROR: u32 = 0x2144_ca19;

fn fault(code: i32, text: &str) -> Fault {
    Fault { code, text: text.to_owned() }
}

fn is_rpc_error(body: &[u8]) -> bool {
    body.starts_with(&RPC_ERROR.to_le_bytes())
}

/// `rpc_error#2144ca19 error_code:int error_message:string`, for the few errors that are the gateway's own.
fn rpc_error(fault: &Fault) -> Vec<u8> {
    let text = fault.text.as_bytes();
    // Own texts are short: the one byte form of a string.
    let length = u8::try_from(text.len()).unwrap_or(0).min(253);
    let mut body = Vec::with_capacity(12 + text.len());
    body.extend_from_slice(&RPC_ERROR.to_le_bytes());
    body.extend_from_slice(&fault.code.to_le_bytes());
    body.push(length);
    body.extend_from_slice(&text[..usize::from(length)]);
    body.resize(body.len().next_multiple_of(4), 0);
    body
}
