//! Everything that decides how one person is shown to another, in one look: every answer that names people asks
//! for it.

use domain::privacy::Key;
use domain::{Peer, UserId};

use crate::contacts::{self, Contact};
use crate::users::{self, Account};
use crate::{StoreError, Tx, Value, privacy};

const LOOK: &str = "SELECT users.id, users.profile, users.created_at, users.last_seen, users.flags, users.version, \
     contacts.owner, contacts.phone_hash, contacts.user_id, contacts.entry, contacts.created_at, \
     numbers.value, times.value, \
     (SELECT COUNT(*) FROM contacts AS theirs WHERE theirs.owner = users.id AND theirs.user_id = $1), \
     (SELECT COUNT(*) FROM blocks WHERE blocks.owner = users.id AND blocks.peer = $3) \
     FROM users LEFT JOIN contacts ON contacts.owner = $1 AND contacts.user_id = users.id \
     LEFT JOIN privacy AS numbers ON numbers.owner = users.id AND numbers.rule = $4 \
     LEFT JOIN privacy AS times ON times.owner = users.id AND times.rule = $5 WHERE users.id = $2";
/// Where the columns of a contact begin.
const CONTACT: usize = 6;

/// What a viewer and a person have to do with each other.
#[derive(Clone, Debug)]
pub struct Portrait {
    pub account: Account,
    /// What the viewer saved of the person.
    pub contact: Option<Contact>,
    /// The person saved the viewer.
    pub saved_viewer: bool,
    /// The person blocked the viewer.
    pub blocked_viewer: bool,
    /// The person's rules for their number, as [`privacy::rules`] gives them.
    pub number_rules: Option<Vec<u8>>,
    /// The person's rules for the times when they were online.
    pub time_rules: Option<Vec<u8>>,
}

impl Portrait {
    /// Of nobody.
    fn empty(account: Account) -> Self {
        Self {
            account,
            contact: None,
            saved_viewer: false,
            blocked_viewer: false,
            number_rules: None,
            time_rules: None,
        }
    }
}

/// The portraits of different people, in the order asked for, and nobody's for those who never were.
pub fn look(tx: &mut Tx<'_>, viewer: UserId, people: &[UserId]) -> Result<Vec<Portrait>, StoreError> {
    let [number, time] = [Key::PhoneNumber, Key::StatusTimestamp].map(|key| Value::Int(key.code()));
    let me = Value::Int(Peer::User(viewer).key());
    let sets: Vec<_> =
        people.iter().map(|id| [Value::Int(viewer.0), Value::Int(id.0), me, number, time]).collect();
    let sets: Vec<&[Value<'_>]> = sets.iter().map(|set| set.as_slice()).collect();
    let rows = tx.query_each(LOOK, &sets)?;
    let mut rows = rows.iter().peekable();
    let mut portraits = Vec::with_capacity(people.len());
    for id in people {
        let mut portrait = Portrait::empty(Account::None);
        // Somebody saved under two numbers has two rows.
        let mut is_first = true;
        while let Some(row) = rows.peek()
            && row.int(0)? == id.0
        {
            if std::mem::take(&mut is_first) {
                portrait = Portrait::empty(users::account(tx, row)?);
                if row.opt_int(CONTACT)?.is_some() {
                    portrait.contact = Some(contacts::read(tx, row, CONTACT)?);
                }
                portrait.number_rules = privacy::open(tx, *id, Key::PhoneNumber.code(), row.opt_blob(11)?)?;
                portrait.time_rules = privacy::open(tx, *id, Key::StatusTimestamp.code(), row.opt_blob(12)?)?;
                portrait.saved_viewer = row.int(13)? > 0;
                portrait.blocked_viewer = row.int(14)? > 0;
            }
            rows.next();
        }
        portraits.push(portrait);
    }
    Ok(portraits)
}
