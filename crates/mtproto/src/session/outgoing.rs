use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crypto::{AuthKey, RandomSource, Side};
use tl::service::MsgsAck;
use tl::{Encode, Writer};

use super::connections::ConnectionId;
use super::container;
use super::msg_id::{MsgIds, to_time};
use crate::limits::{
    BATCH_BYTES_MAX, CONTAINER_MESSAGES_MAX, HTTP_ANSWERS_BYTES_MAX, LARGE_ANSWER_BYTES, MSG_IDS_MAX,
    OUTGOING_BYTES_MAX, OUTGOING_MESSAGES_MAX, RESEND_SAME_ID_AGE, SAME_ID_TRANSMITS_MAX,
    UNACKED_ANSWERS_MAX, UNACKED_BYTES_MAX,
};
use crate::packet::encrypted::{Header, seal};

/// A message to the client.
pub(super) struct Outbound {
    pub(super) body: Vec<u8>,
    /// It is content-related: the client acknowledges it, and until then it is kept.
    pub(super) content: bool,
    /// It answers something the client sent.
    pub(super) reply: bool,
    /// The query whose result it is.
    pub(super) answer_to: Option<i64>,
    /// The connection it belongs to, as long as that lives.
    pub(super) target: Option<ConnectionId>,
    pub(super) queued: i64,
    /// Identifier and number, once it was sent.
    pub(super) sent: Option<Sent>,
}

#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
    via: ConnectionId,
    at: i64,
    times: u8,
}

impl Outbound {
    pub(super) fn new(now: i64, body: Vec<u8>) -> Self {
        Self { body, content: false, reply: false, answer_to: None, target: None, queued: now, sent: None }
    }

    pub(super) fn len(&self) -> usize {
        self.body.len()
    }
}

/// Messages of a session on their way to the client.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Not sent yet, or to be sent again.
    queue: VecDeque<Outbound>,
    queue_bytes: usize,
    /// Sent and not acknowledged, by identifier.
    unacked: BTreeMap<i64, Outbound>,
    unacked_bytes: usize,
    unacked_answers: usize,
    /// Identifiers of queued messages that were sent before.
    again: BTreeSet<i64>,
    /// Under which identifier the answer to a query was sent and is kept.
    answers: BTreeMap<i64, i64>,
    ids: MsgIds,
    /// Content-related messages numbered so far.
    content_count: i32,
    /// Room in which containers are put together.
    scratch: Vec<u8>,
    bounds: Bounds,
}

/// How much of a session is kept, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Waiting to be sent. A session over it ends: its client does not read.
    pub queue: usize,
    /// Sent and not acknowledged. Over it, the oldest answers are forgotten.
    pub unacked: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { queue: OUTGOING_BYTES_MAX, unacked: UNACKED_BYTES_MAX }
    }
}

/// The client does not read or acknowledge what it is sent; its session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client leaves too much unread")]
pub struct Overflow;

/// What a packet needs besides its messages.
pub(super) struct Envelope<'a> {
    pub(super) key: &'a AuthKey,
    pub(super) session_id: i64,
    pub(super) salt: i64,
    pub(super) connection: ConnectionId,
    /// Messages that must go into this packet, for there is no other: the answers to an HTTP request.
    pub(super) own: Option<ConnectionId>,
}

impl Outgoing {
    pub(super) fn push(&mut self, message: Outbound) -> Result<(), Overflow> {
        let messages = self.queue.len() + self.unacked.len();
        if self.queue_bytes + message.len() > self.bounds.queue || messages >= OUTGOING_MESSAGES_MAX {
            return Err(Overflow);
        }
        self.queue_bytes += message.len();
        self.queue.push_back(message);
        Ok(())
    }

    /// When the first and the last of the messages that `takes` were queued.
    pub(super) fn queued(&self, takes: impl Fn(&Outbound) -> bool) -> Option<(i64, i64)> {
        let mut times = self.queue.iter().filter(|message| takes(message)).map(|message| message.queued);
        let first = times.next()?;
        Some(times.fold((first, first), |(low, high), time| (low.min(time), high.max(time))))
    }

    /// Whether any of the waiting messages is one that `takes`.
    pub(super) fn has(&self, takes: impl Fn(&Outbound) -> bool) -> bool {
        self.queue.iter().any(takes)
    }

    /// Puts waiting messages that `takes`, and acknowledgements, into one packet and appends it to `out`.
    /// Returns the queries whose answers are not kept.
    pub(super) fn transmit(
        &mut self,
        now: i64,
        envelope: &Envelope<'_>,
        takes: impl Fn(&Outbound) -> bool,
        acks: Vec<i64>,
        random: &mut dyn RandomSource,
        out: &mut Vec<u8>,
    ) -> Released {
        let mut batch = self.batch(takes, envelope.own);
        if !acks.is_empty() {
            debug_assert!(acks.len() <= MSG_IDS_MAX, "the session keeps no more");
            batch.push(Outbound::new(now, encode(&MsgsAck { msg_ids: acks })));
        }
        for message in &mut batch {
            self.number(now, message, envelope.connection);
        }
        match batch.as_slice() {
            // A message that goes out for the first time may go alone. A repeat always gets a container,
            // so that no two packets ever begin with the same plaintext.
            [message] if message.sent.is_some_and(|sent| sent.times == 1) => {
                let Some(sent) = message.sent else { return Released::default() };
                self.seal(envelope, sent.msg_id, sent.seq_no, &message.body, random, out);
            }
            messages => {
                let mut body = std::mem::take(&mut self.scratch);
                body.clear();
                container::begin(messages.len(), &mut body);
                for message in messages {
                    if let Some(sent) = message.sent {
                        container::append(sent.msg_id, sent.seq_no, &message.body, &mut body);
                    }
                }
                let msg_id = self.ids.next(now, messages.iter().any(|message| message.reply));
                self.seal(envelope, msg_id, self.content_count * 2, &body, random, out);
                if body.capacity() <= 4 * BATCH_BYTES_MAX {
                    self.scratch = body;
                }
            }
        }
        for message in batch {
            if let (Some(query), Some(sent)) = (message.answer_to, message.sent) {
                self.answers.insert(query, sent.msg_id);
            }
            if let (true, Some(sent)) = (message.content, message.sent) {
                self.unacked_bytes += message.len();
                self.unacked_answers += usize::from(message.answer_to.is_some());
                self.unacked.insert(sent.msg_id, message);
            }
        }
        self.release()
    }

    fn seal(
        &self,
        envelope: &Envelope<'_>,
        msg_id: i64,
        seq_no: i32,
        body: &[u8],
        random: &mut dyn RandomSource,
        out: &mut Vec<u8>,
    ) {
        let header = Header { salt: envelope.salt, session_id: envelope.session_id, msg_id, seq_no };
        seal(envelope.key, Side::Server, &header, body, random, out);
    }

    /// Takes messages off the queue, in order, as many as go into a packet.
    fn batch(&mut self, takes: impl Fn(&Outbound) -> bool, own: Option<ConnectionId>) -> Vec<Outbound> {
        let mut batch = Vec::new();
        let (mut bytes, mut at) = (0, 0);
        // One place is for acknowledgements.
        while at < self.queue.len() && batch.len() < CONTAINER_MESSAGES_MAX - 1 {
            if !takes(&self.queue[at]) {
                at += 1;
                continue;
            }
            let length = self.queue[at].len();
            if !batch.is_empty() && bytes + length > BATCH_BYTES_MAX {
                let Some(own) = own else { break };
                let is_own = self.queue[at].target == Some(own);
                if !is_own || bytes + length > HTTP_ANSWERS_BYTES_MAX {
                    at += 1;
                    continue;
                }
            }
            if let Some(message) = self.take_queued(at) {
                bytes += length;
                batch.push(message);
            }
        }
        batch
    }

    /// Gives a message its identifier and number, or notes that it goes out once more.
    fn number(&mut self, now: i64, message: &mut Outbound, via: ConnectionId) {
        let same = |sent: &Sent| {
            sent.times < SAME_ID_TRANSMITS_MAX && to_time(sent.msg_id) > now - RESEND_SAME_ID_AGE
        };
        let sent = match message.sent.filter(same) {
            Some(sent) => Sent { via, at: now, times: sent.times + 1, ..sent },
            None => {
                let seq_no = self.content_count * 2 + i32::from(message.content);
                self.content_count =
                    self.content_count.wrapping_add(i32::from(message.content)) & 0x3fff_ffff;
                Sent { msg_id: self.ids.next(now, message.reply), seq_no, via, at: now, times: 1 }
            }
        };
        message.sent = Some(sent);
    }

    pub(super) fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Bytes of all that is kept.
    pub(super) fn bytes(&self) -> usize {
        self.queue_bytes + self.unacked_bytes
    }

    /// Forgets answers while too much is kept: the oldest large ones first for the bytes, the oldest ones for
    /// the number.
    fn release(&mut self) -> Released {
        self.release_to(self.bounds.unacked)
    }

    /// The same with another bound for the bytes.
    pub(super) fn release_to(&mut self, bytes: usize) -> Released {
        let mut released = Released::default();
        while self.unacked_bytes > bytes {
            let large = |message: &Outbound| message.len() >= LARGE_ANSWER_BYTES;
            let Some(query) = self.remove_oldest_answer(large) else { break };
            released.large.push(query);
        }
        while self.unacked_bytes > bytes || self.unacked_answers > UNACKED_ANSWERS_MAX {
            let Some(query) = self.remove_oldest_answer(|_| true) else { break };
            released.old.push(query);
        }
        released
    }

    fn remove_oldest_answer(&mut self, which: impl Fn(&Outbound) -> bool) -> Option<i64> {
        let oldest = self.unacked.iter().find(|(_, message)| message.answer_to.is_some() && which(message));
        let msg_id = oldest.map(|(msg_id, _)| *msg_id)?;
        self.remove_unacked(msg_id)?.answer_to
    }

    fn remove_unacked(&mut self, msg_id: i64) -> Option<Outbound> {
        let message = self.unacked.remove(&msg_id)?;
        self.unacked_bytes -= message.len();
        if let Some(query) = message.answer_to {
            self.unacked_answers -= 1;
            self.answers.remove(&query);
        }
        Some(message)
    }

    /// The client has received a message. Returns the message, if it was kept.
    pub(super) fn acknowledge(&mut self, msg_id: i64) -> Option<Outbound> {
        if self.again.contains(&msg_id) {
            return self.remove_queued(|message| message.sent.is_some_and(|sent| sent.msg_id == msg_id));
        }
        self.remove_unacked(msg_id)
    }

    /// Takes the answer to a query away, whether it was sent or not.
    pub(super) fn remove_answer(&mut self, query: i64) -> Option<Outbound> {
        if let Some(msg_id) = self.answers.get(&query) {
            return self.remove_unacked(*msg_id);
        }
        self.remove_queued(|message| message.answer_to == Some(query))
    }

    fn remove_queued(&mut self, which: impl Fn(&Outbound) -> bool) -> Option<Outbound> {
        let at = self.queue.iter().position(which)?;
        self.take_queued(at)
    }

    fn take_queued(&mut self, at: usize) -> Option<Outbound> {
        let message = self.queue.remove(at)?;
        self.queue_bytes -= message.len();
        if let Some(sent) = message.sent {
            self.again.remove(&sent.msg_id);
        }
        Some(message)
    }

    /// Forgets messages, whether they were sent or not.
    pub(super) fn forget(&mut self, which: impl Fn(&Outbound) -> bool) {
        self.queue.retain(|message| !which(message));
        self.queue_bytes = self.queue.iter().map(Outbound::len).sum();
        self.again = self.queue.iter().filter_map(|message| Some(message.sent?.msg_id)).collect();
        let sent: Vec<i64> =
            self.unacked.iter().filter(|(_, message)| which(message)).map(|(msg_id, _)| *msg_id).collect();
        for msg_id in sent {
            self.remove_unacked(msg_id);
        }
    }

    /// Identifier and number of a message, which it is given if it has none yet.
    pub(super) fn identify(&mut self, now: i64, message: &mut Outbound) -> (i64, i32) {
        if message.sent.is_none() {
            self.number(now, message, ConnectionId(0));
        }
        message.sent.map_or((0, 0), |sent| (sent.msg_id, sent.seq_no))
    }

    /// Queues the kept messages that the client asked for again, under the identifiers they have.
    pub(super) fn resend_asked(&mut self, asked: impl Iterator<Item = i64>) {
        let mut kept: Vec<i64> = asked.filter(|msg_id| self.unacked.contains_key(msg_id)).collect();
        kept.sort_unstable();
        kept.dedup();
        for msg_id in &kept {
            if let Some(sent) = self.unacked.get_mut(msg_id).and_then(|message| message.sent.as_mut()) {
                sent.times = 1;
            }
        }
        self.requeue(kept);
    }

    /// The same for the answers to queries.
    pub(super) fn resend_answers(&mut self, queries: &[i64]) {
        let asked: Vec<i64> = queries.iter().filter_map(|query| self.answers.get(query).copied()).collect();
        self.resend_asked(asked.into_iter());
    }

    /// Queues the kept messages that are to go out `again`, before everything else and in their order.
    pub(super) fn resend(&mut self, again: impl Fn(&Outbound, Resend) -> bool) {
        let due: Vec<i64> = self
            .unacked
            .iter()
            .filter(|(_, message)| {
                message.sent.is_some_and(|sent| again(message, Resend { via: sent.via, at: sent.at }))
            })
            .map(|(msg_id, _)| *msg_id)
            .collect();
        self.requeue(due);
    }

    /// Puts sent messages, in the order of their identifiers, before everything else that waits.
    fn requeue(&mut self, msg_ids: Vec<i64>) {
        for msg_id in msg_ids.into_iter().rev() {
            if let Some(mut message) = self.remove_unacked(msg_id) {
                message.target = None;
                self.queue_bytes += message.len();
                self.again.insert(msg_id);
                self.queue.push_front(message);
            }
        }
    }

    /// Whether a message with this identifier is kept, and may be asked for again.
    pub(super) fn is_kept(&self, msg_id: i64) -> bool {
        self.unacked.contains_key(&msg_id) || self.again.contains(&msg_id)
    }
}

/// Queries whose answers were sent and are not kept.
#[derive(Default)]
pub(super) struct Released {
    /// Too large; they can be run again.
    pub(super) large: Vec<i64>,
    /// So old that the client has certainly received them.
    pub(super) old: Vec<i64>,
}

/// When and where a kept message was sent last.
#[derive(Clone, Copy)]
pub(super) struct Resend {
    pub(super) via: ConnectionId,
    pub(super) at: i64,
}

/// The bytes of a service message.
pub(super) fn encode(object: &dyn Encode) -> Vec<u8> {
    let mut w = Writer::new(0);
    object.encode(&mut w).expect("service types have a form in every layer");
    w.into_bytes()
}
