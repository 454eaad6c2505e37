//! People who write, edit, delete and read, several things at once each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tl_api::{enums, functions};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::people::{Crowd, Outcome, Person};
use crate::random::Dice;
use crate::record::{Deleting, Record};

/// Of a hundred things that people do.
const SENDS: usize = 72;
const EDITS: usize = 10;
const DELETIONS: usize = 8;
/// After an answer that makes no sense to repeat at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Load under way.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    lanes: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts `window` lanes a person.
    pub(crate) fn start(crowd: &Crowd, window: usize, dice: &Dice) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut lanes = Vec::new();
        for person in &crowd.people {
            for number in 0..window {
                let dice = dice.branch((person.index * 1000 + number + 1) as u64);
                let record = Arc::clone(&crowd.record);
                let lane = Lane { me: Arc::clone(person), record, dice };
                lanes.push(Handle::current().spawn(lane.run(Arc::clone(&stop))));
            }
        }
        Self { stop, lanes }
    }

    /// Lets everybody finish what they are at.
    pub(crate) async fn finish(self, limit: Duration) -> Result<(), String> {
        self.stop.store(true, Ordering::Relaxed);
        let all = async {
            for lane in self.lanes {
                lane.await.map_err(|why| format!("a lane failed: {why}"))?;
            }
            Ok(())
        };
        match tokio::time::timeout(limit, all).await {
            Ok(done) => done,
            Err(_) => Err(format!("people still wait for answers after {} s", limit.as_secs())),
        }
    }

    /// Everybody drops what they are at; what was asked for and not answered stays in doubt.
    pub(crate) async fn abandon(self) {
        self.stop.store(true, Ordering::Relaxed);
        for lane in self.lanes {
            lane.abort();
            // Cancelled, which is what was wanted.
            let _ = lane.await;
        }
    }
}

struct Lane {
    me: Arc<Person>,
    record: Arc<Mutex<Record>>,
    dice: Dice,
}

impl Lane {
    async fn run(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            let roll = self.dice.below(100);
            let went_well = if roll < SENDS {
                self.send().await
            } else if roll < SENDS + EDITS {
                self.edit().await
            } else if roll < SENDS + EDITS + DELETIONS {
                self.delete().await
            } else {
                self.read().await
            };
            if !went_well {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn some_peer(&mut self) -> Option<(usize, enums::InputPeer)> {
        let choice = self.dice.below(self.me.peers.len());
        self.me.peers.iter().nth(choice).map(|(index, peer)| (*index, peer.clone()))
    }

    async fn send(&mut self) -> bool {
        let Some((to, peer)) = self.some_peer() else { return false };
        let random_id = self.dice.next().cast_signed();
        let words = "words that make a message of usual length, or nearly so";
        let tag = self.record().begin(self.me.index, to, random_id, words);
        send(&self.me, &self.record, tag, peer).await
    }

    async fn edit(&mut self) -> bool {
        let me = self.me.index;
        let held = {
            let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            let held = record.hold(me, false, &mut self.dice);
            held.and_then(|tag| {
                let message = record.get(tag)?;
                let peer = self.me.peers.get(&message.to)?.clone();
                let id = message.id?;
                Some((tag, peer, id, record.edit(tag)))
            })
        };
        let Some((tag, peer, id, text)) = held else { return true };
        let request =
            functions::messages::EditMessage { peer, id, message: Some(text.clone()), ..Default::default() };
        let outcome = self.me.try_to(&request).await;
        let mut record = self.record();
        match outcome {
            Outcome::Done(_) => record.edited(tag, text),
            // Asked twice, as the first answer was lost: the text is the new one already.
            Outcome::Refused(why) if why == "MESSAGE_NOT_MODIFIED" => record.edited(tag, text),
            Outcome::Refused(why) => {
                record.not_edited(tag, &why);
                return false;
            }
            Outcome::Doubt => {
                record.doubts += 1;
                record.release(tag);
                return false;
            }
        }
        true
    }

    async fn delete(&mut self) -> bool {
        let me = self.me.index;
        let held = {
            let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
            record.hold(me, true, &mut self.dice).and_then(|tag| {
                let message = record.get(tag)?;
                let id = if message.from == me { message.id? } else { message.copy? };
                record.change(tag, |message| message.deleting = Deleting::Doubtful);
                Some((tag, id))
            })
        };
        let Some((tag, id)) = held else { return true };
        let request = functions::messages::DeleteMessages { revoke: true, id: vec![id] };
        let outcome = self.me.try_to(&request).await;
        let mut record = self.record();
        let (deleting, went_well) = match outcome {
            Outcome::Done(_) => {
                record.deletions += 1;
                (Deleting::Acknowledged, true)
            }
            Outcome::Refused(why) => {
                *record.refusals.entry(why).or_default() += 1;
                (Deleting::Never, false)
            }
            Outcome::Doubt => {
                record.doubts += 1;
                (Deleting::Doubtful, false)
            }
        };
        record.change(tag, |message| message.deleting = deleting);
        record.release(tag);
        went_well
    }

    async fn read(&mut self) -> bool {
        let Some((index, peer)) = self.some_peer() else { return false };
        let pair = (self.me.index, index);
        let max_id = {
            let mut record = self.record();
            let Some(heard) = record.heard(pair.0, pair.1) else { return true };
            let reads = record.reads.entry(pair).or_default();
            reads.asked = reads.asked.max(heard);
            heard
        };
        let request = functions::messages::ReadHistory { peer, max_id };
        let outcome = self.me.try_to(&request).await;
        let mut record = self.record();
        match outcome {
            Outcome::Done(_) => {
                let reads = record.reads.entry(pair).or_default();
                reads.acknowledged = reads.acknowledged.max(max_id);
                true
            }
            Outcome::Refused(why) => {
                *record.refusals.entry(why).or_default() += 1;
                false
            }
            Outcome::Doubt => {
                record.doubts += 1;
                false
            }
        }
    }
}

/// Sends a message that is in the record, for the first time or again. True when it was acknowledged.
pub(crate) async fn send(
    person: &Person,
    record: &Mutex<Record>,
    tag: usize,
    peer: enums::InputPeer,
) -> bool {
    let record = || record.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((message, random_id)) =
        record().get(tag).map(|message| (message.first_text.clone(), message.random_id))
    else {
        return false;
    };
    let request = functions::messages::SendMessage { peer, message, random_id, ..Default::default() };
    let outcome = person.try_to(&request).await;
    let mut record = record();
    match outcome {
        Outcome::Done(updates) => match sent_id(&updates, random_id) {
            Some(id) => {
                record.sent(tag, id);
                return true;
            }
            None => *record.refusals.entry("an answer without an id".to_owned()).or_default() += 1,
        },
        Outcome::Refused(why) => record.refused(tag, &why),
        Outcome::Doubt => {
            record.doubts += 1;
            record.release(tag);
        }
    }
    false
}

fn sent_id(updates: &enums::Updates, random_id: i64) -> Option<i32> {
    let enums::Updates::Updates(updates) = updates else { return None };
    updates.updates.iter().find_map(|update| match update {
        enums::Update::MessageId(update) if update.random_id == random_id => Some(update.id),
        _ => None,
    })
}
