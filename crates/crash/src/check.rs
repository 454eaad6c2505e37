//! Holds what the server shows against what it has acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use tl_api::enums;

use crate::boxes::Contents;
use crate::load;
use crate::mirror::Mirror;
use crate::people::Crowd;
use crate::record::{Deleting, Sending};

/// How often a message is tried again after a fault is over.
const TRIES: usize = 40;
const PAUSE: Duration = Duration::from_millis(250);
/// Lines of a complaint that are of use.
const LINES: usize = 30;

/// One device of everybody, from the beginning to the end of a run.
pub(crate) struct Checker {
    mirrors: Vec<Mirror>,
    pub(crate) tally: Tally,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Unanswered sends that had happened, and those that had not.
    pub(crate) had_happened: u64,
    pub(crate) had_not: u64,
}

/// The copies of a message in both boxes, by tag: (in the sender's, in the receiver's).
type Copies = BTreeMap<usize, (Vec<i32>, Vec<i32>)>;

impl Checker {
    pub(crate) async fn new(crowd: &Crowd) -> Result<Self, String> {
        let mut mirrors = Vec::new();
        for person in &crowd.people {
            mirrors.push(Mirror::new(crowd, person).await?);
        }
        Ok(Self { mirrors, tally: Tally::default() })
    }

    /// Checks everything once all is quiet. `before_retry`: also before what was not answered is asked for again.
    pub(crate) async fn check(&mut self, crowd: &Crowd, before_retry: bool) -> Result<(), String> {
        crowd.record().release_all();
        let mut wrong = Vec::new();
        let mut present = BTreeMap::new();
        if before_retry {
            let contents = read_all(crowd).await?;
            let copies = copies(crowd, &contents, &mut wrong);
            check_messages(crowd, &copies, &contents, &mut wrong);
            let record = crowd.record();
            for (tag, _) in record.all().filter(|(_, it)| it.sending == Sending::Doubtful) {
                match copies.get(&tag) {
                    Some((own, _)) => {
                        self.tally.had_happened += 1;
                        present.insert(tag, own.clone());
                    }
                    None => self.tally.had_not += 1,
                }
            }
        }
        complain(&mut wrong)?;
        retry(crowd, &present, &mut wrong).await?;
        let tops = mark(crowd).await?;
        let contents = read_all(crowd).await?;
        let copies = copies(crowd, &contents, &mut wrong);
        check_messages(crowd, &copies, &contents, &mut wrong);
        check_reads(crowd, &copies, &contents, &mut wrong);
        for (index, mirror) in self.mirrors.iter_mut().enumerate() {
            let person = &crowd.people[index];
            mirror.catch_up(crowd, person, &contents[index], tops[index], &mut wrong).await?;
        }
        complain(&mut wrong)?;
        settle(crowd, &copies, &contents);
        Ok(())
    }
}

/// Each message against what is known of it.
fn check_messages(crowd: &Crowd, copies: &Copies, contents: &[Contents], wrong: &mut Vec<String>) {
    let record = crowd.record();
    let none = (Vec::new(), Vec::new());
    for (tag, message) in record.all() {
        let (own, theirs) = copies.get(&tag).unwrap_or(&none);
        let what = format!("message {tag} from {} to {}", message.from, message.to);
        if own.len() > 1 || theirs.len() > 1 {
            wrong.push(format!("{what} is doubled: {own:?}, {theirs:?}"));
        }
        if message.from != message.to && own.len() != theirs.len() {
            wrong.push(format!("{what} is on one side only: {own:?}, {theirs:?}"));
        }
        let Some(id) = own.first() else {
            let may_be_gone = message.deleting != Deleting::Never || message.sending != Sending::Acknowledged;
            if !may_be_gone {
                wrong.push(format!("{what} was acknowledged as {:?}, and is lost", message.id));
            }
            continue;
        };
        match message.sending {
            Sending::Refused => wrong.push(format!("{what} was refused, and is there as {id}")),
            Sending::Acknowledged if message.id != Some(*id) => {
                wrong.push(format!("{what} was acknowledged as {:?}, and is {id}", message.id));
            }
            _ => {}
        }
        if message.deleting == Deleting::Acknowledged {
            wrong.push(format!("{what} was deleted, and is there as {id}"));
        }
        let shown = [(message.from, own.first()), (message.to, theirs.first())];
        let shown: Vec<&str> = shown
            .iter()
            .filter_map(|(who, id)| Some(contents[*who].messages.get((*id)?)?.text.as_str()))
            .collect();
        if shown.iter().any(|text| *text != shown[0]) {
            wrong.push(format!("{what} differs: {shown:?}"));
        }
        if !message.texts.iter().any(|text| text == shown[0]) {
            wrong.push(format!("{what} reads {:?}, not {:?}", shown[0], message.texts));
        }
    }
}
fn complain(wrong: &mut Vec<String>) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    let left = wrong.len().saturating_sub(LINES);
    wrong.truncate(LINES);
    let more = if left > 0 { format!("\n… and {left} more") } else { String::new() };
    Err(format!("{}{more}", wrong.join("\n")))
}

async fn read_all(crowd: &Crowd) -> Result<Vec<Contents>, String> {
    try_join_all(crowd.people.iter().map(|person| Contents::read(crowd, person))).await
}

fn copies(crowd: &Crowd, contents: &[Contents], wrong: &mut Vec<String>) -> Copies {
    let record = crowd.record();
    let mut copies = Copies::new();
    for (who, contents) in contents.iter().enumerate() {
        for (id, seen) in &contents.messages {
            let Some(tag) = seen.tag else { continue };
            let Some(message) = record.get(tag) else {
                wrong.push(format!("person {who} has message {id}, which nobody wrote: {:?}", seen.text));
                continue;
            };
            let is_own = who == message.from && seen.peer == message.to && seen.out;
            let is_theirs = who == message.to && seen.peer == message.from && !seen.out;
            let entry = copies.entry(tag).or_default();
            if is_own {
                entry.0.push(*id);
            } else if is_theirs {
                entry.1.push(*id);
            } else {
                wrong.push(format!("person {who} has message {tag} as {id} in a strange place"));
            }
        }
    }
    copies
}

/// Sends again what was not answered, under the same `random_id`.
async fn retry(
    crowd: &Crowd,
    present: &BTreeMap<usize, Vec<i32>>,
    wrong: &mut Vec<String>,
) -> Result<(), String> {
    let doubtful: Vec<(usize, usize, usize)> = {
        let record = crowd.record();
        let doubtful = record.all().filter(|(_, it)| it.sending == Sending::Doubtful);
        doubtful.map(|(tag, it)| (tag, it.from, it.to)).collect()
    };
    for (tag, from, to) in doubtful {
        let person = &crowd.people[from];
        let peer = if from == to { enums::InputPeer::PeerSelf } else { person.peers[&to].clone() };
        let mut tries = 0;
        while !load::send(person, &crowd.record, tag, peer.clone()).await {
            tries += 1;
            let sending = crowd.record().get(tag).map(|message| message.sending);
            if tries == TRIES || sending == Some(Sending::Refused) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let message = crowd.record().get(tag).cloned();
        let message = message.ok_or("a message without a record")?;
        match (message.sending, present.get(&tag)) {
            (Sending::Doubtful, _) => wrong.push(format!("message {tag} cannot be sent after the fault")),
            (Sending::Acknowledged, Some(ids)) if !ids.contains(&message.id.unwrap_or_default()) => {
                wrong.push(format!("message {tag} was there as {ids:?}; sent again it is {:?}", message.id));
            }
            // A limit on how much one may send is no loss, unless the message was there before.
            (Sending::Refused, Some(ids)) => {
                wrong.push(format!("message {tag} was there as {ids:?}; sent again it is refused"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Everybody writes to themselves: the ids that they get are the highest of their boxes.
async fn mark(crowd: &Crowd) -> Result<Vec<i32>, String> {
    let mut tops = Vec::new();
    for person in &crowd.people {
        let me = person.index;
        let random_id = crowd.world.random.i64();
        let tag = crowd.record().begin(me, me, random_id, "a mark");
        let mut tries = 0;
        while !load::send(person, &crowd.record, tag, enums::InputPeer::PeerSelf).await {
            tries += 1;
            if tries == TRIES {
                return Err(format!(
                    "person {me} cannot write after the fault: {:?}",
                    crowd.record().refusals
                ));
            }
            tokio::time::sleep(PAUSE).await;
        }
        tops.push(crowd.record().get(tag).and_then(|message| message.id).unwrap_or_default());
    }
    Ok(tops)
}

/// Counters and marks, against the messages and against each other.
fn check_reads(crowd: &Crowd, copies: &Copies, contents: &[Contents], wrong: &mut Vec<String>) {
    let record = crowd.record();
    for person in &crowd.people {
        let me = person.index;
        for peer in person.peers.keys() {
            let marks = contents[me].marks.get(peer).copied().unwrap_or_default();
            let reads = record.reads.get(&(me, *peer)).copied().unwrap_or_default();
            // A mark stops at the newest message that there is when it is asked for.
            let passed = |id: i32| marks.read_inbox < id && id <= reads.acknowledged;
            let is_short =
                contents[me].messages.iter().any(|(id, it)| passed(*id) && it.peer == *peer && !it.out);
            if is_short || marks.read_inbox > reads.asked.max(reads.acknowledged) {
                wrong.push(format!("person {me} read {peer} up to {reads:?}, and the mark is {marks:?}"));
            }
        }
    }
    for (tag, (own, theirs)) in copies {
        let (Some(message), Some(own), Some(theirs)) = (record.get(*tag), own.first(), theirs.first()) else {
            continue;
        };
        let outbox = contents[message.from].marks.get(&message.to).copied().unwrap_or_default();
        let inbox = contents[message.to].marks.get(&message.from).copied().unwrap_or_default();
        if (*own <= outbox.read_outbox) != (*theirs <= inbox.read_inbox) {
            wrong.push(format!("message {tag} is read on one side only: {outbox:?}, {inbox:?}"));
        }
    }
}

/// Takes what is seen for settled.
fn settle(crowd: &Crowd, copies: &Copies, contents: &[Contents]) {
    let mut record = crowd.record();
    let tags: Vec<usize> = record.all().map(|(tag, _)| tag).collect();
    for tag in tags {
        let Some(message) = record.get(tag) else { continue };
        let seen = copies.get(&tag).and_then(|(own, theirs)| {
            let text = contents[message.from].messages.get(own.first()?)?.text.clone();
            Some((text, theirs.first().copied()))
        });
        record.change(tag, |message| match seen {
            Some((text, copy)) => {
                message.texts = vec![text];
                message.deleting = Deleting::Never;
                message.copy = copy;
            }
            None if message.deleting == Deleting::Doubtful => message.deleting = Deleting::Acknowledged,
            None => {}
        });
    }
    let people = &crowd.people;
    for reader in people {
        for peer in reader.peers.keys() {
            let mark = contents[reader.index].marks.get(peer).map_or(0, |marks| marks.read_inbox);
            let reads = record.reads.entry((reader.index, *peer)).or_default();
            reads.acknowledged = mark;
            reads.asked = mark;
        }
    }
}
