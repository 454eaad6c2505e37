//! Who may see or do what with a user.
//!
//! Source: the API's "Privacy" page. A key says *what*, its rules say *who*.

use crate::{Fault, Time, UserId, limits};

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        /// What a set of rules is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key { $($(#[$doc])* $name),* }

        impl Key {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// How the database names the key; never changes.
            pub const fn code(self) -> i64 {
                match self { $(Self::$name => $code),* }
            }

            pub const fn from_code(code: i64) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

keys! {
    /// The exact time at which the user was last online.
    StatusTimestamp = 1;
    /// Being invited to groups and channels.
    ChatInvite = 2;
    /// Being called.
    PhoneCall = 3;
    /// Direct connections in calls, which show the network address to the other side.
    PhoneP2P = 4;
    /// A link to the account in messages of theirs that others forward.
    Forwards = 5;
    ProfilePhoto = 6;
    PhoneNumber = 7;
    /// Being found by phone number.
    AddedByPhone = 8;
    /// Being sent voice and video messages.
    VoiceMessages = 9;
    About = 10;
    Birthday = 11;
    StarGiftsAutoSave = 12;
    /// Writing without the fee for strangers.
    NoPaidMessages = 13;
    SavedMusic = 14;
}

impl Key {
    /// What holds until the user sets rules of their own, as in the official cloud.
    pub fn default_rules(self) -> Rules {
        Rules(vec![match self {
            Self::PhoneNumber | Self::Birthday | Self::NoPaidMessages => Rule::AllowContacts,
            _ => Rule::AllowAll,
        }])
    }
}

/// One rule. The chats are basic groups and supergroups, by the ids that the protocol gives them here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    AllowAll,
    AllowContacts,
    AllowCloseFriends,
    AllowPremium,
    AllowBots,
    AllowUsers(Vec<UserId>),
    AllowChatParticipants(Vec<i64>),
    DisallowAll,
    DisallowContacts,
    DisallowBots,
    DisallowUsers(Vec<UserId>),
    DisallowChatParticipants(Vec<i64>),
}

/// The rules of one key, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

/// What the rules need to know about somebody who looks at the owner.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    pub id: UserId,
    /// The owner has saved the viewer; the other way round counts for nothing.
    pub is_contact: bool,
    pub is_close_friend: bool,
    pub is_premium: bool,
    pub is_bot: bool,
    /// Those of [`Rules::chats`] that the viewer is a member of.
    pub chats: &'a [i64],
}

impl Viewer<'_> {
    /// Somebody of whom nothing is known but who they are.
    pub fn stranger(id: UserId) -> Self {
        Self { id, is_contact: false, is_close_friend: false, is_premium: false, is_bot: false, chats: &[] }
    }
}

impl Rules {
    /// Takes over what a client has set. No rules at all mean that nobody is allowed.
    ///
    /// Errors: `PRIVACY_TOO_LONG` when there are too many rules, users or chats; `PRIVACY_VALUE_INVALID` when a
    /// kind of rule comes twice or a list is empty.
    pub fn new(rules: Vec<Rule>) -> Result<Self, Fault> {
        let peers: usize = rules.iter().map(Rule::peers).sum();
        if rules.len() > limits::PRIVACY_RULES || peers > limits::PRIVACY_PEERS {
            return Err(Fault::privacy_too_long());
        }
        let mut tags: Vec<u8> = rules.iter().map(Rule::tag).collect();
        tags.sort_unstable();
        let doubled = tags.windows(2).any(|pair| pair[0] == pair[1]);
        if doubled || rules.iter().any(|rule| rule.ids().is_some_and(|ids| ids.is_empty())) {
            return Err(Fault::privacy_value_invalid());
        }
        Ok(Self(if rules.is_empty() { vec![Rule::DisallowAll] } else { rules }))
    }

    pub fn as_slice(&self) -> &[Rule] {
        &self.0
    }

    /// Whether `viewer` is allowed. Rules are tried in their order, the first that fits the viewer decides; when
    /// none does, the answer is no. Owners are always allowed.
    pub fn allows(&self, owner: UserId, viewer: &Viewer<'_>) -> bool {
        viewer.id == owner || self.0.iter().find_map(|rule| rule.verdict(viewer)).unwrap_or(false)
    }

    /// The same rules, with one user more who is allowed whatever the others say.
    ///
    /// Errors: `PRIVACY_TOO_LONG` when the rules name too many already.
    pub fn with_user(&self, user: UserId) -> Result<Self, Fault> {
        let mut allowed = vec![user];
        let mut rest = Vec::new();
        for rule in &self.0 {
            match rule {
                Rule::AllowUsers(users) => allowed.extend(users.iter().filter(|other| **other != user)),
                Rule::DisallowUsers(users) => {
                    let users: Vec<_> = users.iter().copied().filter(|other| *other != user).collect();
                    if !users.is_empty() {
                        rest.push(Rule::DisallowUsers(users));
                    }
                }
                other => rest.push(other.clone()),
            }
        }
        rest.insert(0, Rule::AllowUsers(allowed));
        Self::new(rest)
    }

    /// Every chat that the rules name: the caller looks up which of them the viewer is in.
    pub fn chats(&self) -> Vec<i64> {
        let mut chats = Vec::new();
        for rule in &self.0 {
            if let Rule::AllowChatParticipants(ids) | Rule::DisallowChatParticipants(ids) = rule {
                chats.extend(ids);
            }
        }
        chats
    }

    /// For the database: per rule a tag, the number of ids, and the ids, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for rule in &self.0 {
            bytes.push(rule.tag());
            if let Some(ids) = rule.ids() {
                let count = u32::try_from(ids.len()).expect("limited by PRIVACY_PEERS");
                bytes.extend(count.to_le_bytes());
                bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
            }
        }
        bytes
    }

    /// The other way; `None` for bytes that are no rules.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut rules = Vec::new();
        while let Some((tag, rest)) = bytes.split_first() {
            bytes = rest;
            let mut ids = Vec::new();
            if Rule::has_ids(*tag) {
                let (count, rest) = bytes.split_first_chunk::<4>()?;
                let length = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(8)?;
                let (list, rest) = rest.split_at_checked(length)?;
                let id = |chunk: &[u8]| i64::from_le_bytes(chunk.try_into().expect("chunks of eight"));
                ids = list.chunks_exact(8).map(id).collect();
                bytes = rest;
            }
            rules.push(Rule::from_tag(*tag, ids)?);
        }
        Some(Self(rules))
    }
}

impl Rule {
    /// Yes or no when the rule fits the viewer, nothing when it is about others.
    fn verdict(&self, viewer: &Viewer<'_>) -> Option<bool> {
        let shares = |chats: &[i64]| chats.iter().any(|chat| viewer.chats.contains(chat));
        let (fits, verdict) = match self {
            Self::AllowAll => (true, true),
            Self::AllowContacts => (viewer.is_contact, true),
            Self::AllowCloseFriends => (viewer.is_close_friend, true),
            Self::AllowPremium => (viewer.is_premium, true),
            Self::AllowBots => (viewer.is_bot, true),
            Self::AllowUsers(users) => (users.contains(&viewer.id), true),
            Self::AllowChatParticipants(chats) => (shares(chats), true),
            Self::DisallowAll => (true, false),
            Self::DisallowContacts => (viewer.is_contact, false),
            Self::DisallowBots => (viewer.is_bot, false),
            Self::DisallowUsers(users) => (users.contains(&viewer.id), false),
            Self::DisallowChatParticipants(chats) => (shares(chats), false),
        };
        fits.then_some(verdict)
    }

    const fn tag(&self) -> u8 {
        match self {
            Self::AllowAll => 1,
            Self::AllowContacts => 2,
            Self::AllowCloseFriends => 3,
            Self::AllowPremium => 4,
            Self::AllowBots => 5,
            Self::DisallowAll => 6,
            Self::DisallowContacts => 7,
            Self::DisallowBots => 8,
            Self::AllowUsers(_) => Self::LISTS,
            Self::AllowChatParticipants(_) => Self::LISTS + 1,
            Self::DisallowUsers(_) => Self::LISTS + 2,
            Self::DisallowChatParticipants(_) => Self::LISTS + 3,
        }
    }

    /// Tags from here on are followed by ids.
    const LISTS: u8 = 100;

    const fn has_ids(tag: u8) -> bool {
        tag >= Self::LISTS
    }

    fn from_tag(tag: u8, ids: Vec<i64>) -> Option<Self> {
        let users = |ids: Vec<i64>| ids.into_iter().map(UserId).collect();
        Some(match tag {
            1 => Self::AllowAll,
            2 => Self::AllowContacts,
            3 => Self::AllowCloseFriends,
            4 => Self::AllowPremium,
            5 => Self::AllowBots,
            6 => Self::DisallowAll,
            7 => Self::DisallowContacts,
            8 => Self::DisallowBots,
            100 => Self::AllowUsers(users(ids)),
            101 => Self::AllowChatParticipants(ids),
            102 => Self::DisallowUsers(users(ids)),
            103 => Self::DisallowChatParticipants(ids),
            _ => return None,
        })
    }

    fn ids(&self) -> Option<Vec<i64>> {
        match self {
            Self::AllowUsers(users) | Self::DisallowUsers(users) => {
                Some(users.iter().map(|id| id.0).collect())
            }
            Self::AllowChatParticipants(chats) | Self::DisallowChatParticipants(chats) => Some(chats.clone()),
            _ => None,
        }
    }

    fn peers(&self) -> usize {
        match self {
            Self::AllowUsers(users) | Self::DisallowUsers(users) => users.len(),
            Self::AllowChatParticipants(chats) | Self::DisallowChatParticipants(chats) => chats.len(),
            _ => 0,
        }
    }
}

/// When somebody was online, as the server knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Counts as online until then, unless it says otherwise before.
    pub online_until: Option<Time>,
    /// The last moment of being online.
    pub was_online: Option<Time>,
}

/// When somebody was online, as somebody else gets to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Never, or longer ago than a month.
    Empty,
    Online {
        expires: Time,
    },
    Offline {
        was_online: Time,
    },
    /// Within three days.
    Recently {
        by_me: bool,
    },
    /// Within a week.
    LastWeek {
        by_me: bool,
    },
    /// Within a month.
    LastMonth {
        by_me: bool,
    },
}

/// How exactly a viewer may see somebody's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Exact,
    /// The owner hides it from the viewer.
    HiddenByOwner,
    /// The viewer hides their own from the owner, and so does not see the owner's (`by_me` in the status).
    HiddenByViewer,
}

const DAY_SECS: i64 = 86_400;
const RECENTLY_SECS: i64 = 3 * DAY_SECS;
const WEEK_SECS: i64 = 7 * DAY_SECS;
const MONTH_SECS: i64 = 30 * DAY_SECS;

/// Combines the two sides' [`Key::StatusTimestamp`]. Hiding is mutual: who hides sees approximations.
pub fn shown(owner_allows_viewer: bool, viewer_allows_owner: bool) -> Shown {
    match (owner_allows_viewer, viewer_allows_owner) {
        (false, _) => Shown::HiddenByOwner,
        (true, false) => Shown::HiddenByViewer,
        (true, true) => Shown::Exact,
    }
}

/// What a viewer sees of a presence.
pub fn status(presence: Presence, now: Time, shown: Shown) -> Status {
    let online = presence.online_until.filter(|until| *until > now);
    if shown == Shown::Exact {
        return match (online, presence.online_until.max(presence.was_online)) {
            (Some(expires), _) => Status::Online { expires },
            (None, Some(was_online)) => Status::Offline { was_online },
            (None, None) => Status::Empty,
        };
    }
    let by_me = shown == Shown::HiddenByViewer;
    let last = if online.is_some() { Some(now) } else { presence.online_until.max(presence.was_online) };
    let Some(last) = last else { return Status::Empty };
    match now.secs() - last.secs() {
        ago if ago < RECENTLY_SECS => Status::Recently { by_me },
        ago if ago < WEEK_SECS => Status::LastWeek { by_me },
        ago if ago < MONTH_SECS => Status::LastMonth { by_me },
        _ => Status::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: UserId = UserId(1);
    const VIEWER: UserId = UserId(2);

    fn check(rules: &[Rule], viewer: Viewer<'_>, allowed: bool) {
        let rules = Rules::new(rules.to_vec()).unwrap();
        assert_eq!(rules.allows(OWNER, &viewer), allowed, "{rules:?} for {viewer:?}");
        assert!(rules.allows(OWNER, &Viewer::stranger(OWNER)), "owners see themselves: {rules:?}");
        assert_eq!(Rules::from_bytes(&rules.to_bytes()), Some(rules), "survives the database");
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        use Rule::*;
        let stranger = Viewer::stranger(VIEWER);
        let contact = Viewer { is_contact: true, ..stranger };
        let member = Viewer { chats: &[10, 20], ..stranger };
        let friend = Viewer { is_close_friend: true, ..contact };
        let cases: &[(&[Rule], Viewer<'_>, bool)] = &[
            (&[], contact, false),
            (&[AllowAll], stranger, true),
            (&[DisallowAll], contact, false),
            (&[AllowContacts], stranger, false),
            (&[AllowContacts], contact, true),
            (&[DisallowContacts, AllowAll], contact, false),
            (&[DisallowContacts, AllowAll], stranger, true),
            (&[AllowUsers(vec![VIEWER]), DisallowAll], stranger, true),
            (&[AllowUsers(vec![UserId(3)]), DisallowAll], stranger, false),
            (&[DisallowUsers(vec![VIEWER]), AllowContacts], contact, false),
            (&[AllowContacts, DisallowUsers(vec![VIEWER])], contact, true),
            (&[AllowChatParticipants(vec![20]), DisallowAll], member, true),
            (&[AllowChatParticipants(vec![30]), DisallowAll], member, false),
            (&[DisallowChatParticipants(vec![10]), AllowAll], member, false),
            (&[AllowCloseFriends, DisallowAll], friend, true),
            (&[AllowCloseFriends, DisallowAll], contact, false),
            (&[AllowPremium], Viewer { is_premium: true, ..stranger }, true),
            (&[AllowPremium], stranger, false),
            (&[DisallowBots, AllowAll], Viewer { is_bot: true, ..stranger }, false),
            (&[AllowBots, DisallowAll], Viewer { is_bot: true, ..stranger }, true),
            (&[AllowBots], stranger, false),
        ];
        for (rules, viewer, allowed) in cases {
            check(rules, *viewer, *allowed);
        }
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let many = |n| Rule::AllowUsers((0..n).map(UserId).collect());
        assert_eq!(Rules::new(vec![Rule::AllowAll, Rule::AllowAll]), Err(Fault::privacy_value_invalid()));
        assert_eq!(Rules::new(vec![many(0)]), Err(Fault::privacy_value_invalid()));
        assert!(Rules::new(vec![many(1000)]).is_ok());
        assert_eq!(Rules::new(vec![many(1001)]), Err(Fault::privacy_too_long()));
        assert_eq!(Rules::new(vec![Rule::AllowAll; 21]), Err(Fault::privacy_too_long()));
    }

    #[test]
    fn keys_and_bytes_are_stable() {
        for key in Key::ALL {
            assert_eq!(Key::from_code(key.code()), Some(*key));
            assert!(!key.default_rules().as_slice().is_empty());
        }
        assert_eq!(Key::from_code(0), None);
        let rules = Rules::new(vec![Rule::AllowUsers(vec![UserId(7)]), Rule::DisallowAll]).unwrap();
        assert_eq!(rules.to_bytes(), [100, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 6]);
        for broken in
            [&[0][..], &[9], &[100], &[100, 1, 0, 0, 0, 7], &[100, 255, 255, 255, 255], &[200, 0, 0, 0, 0]]
        {
            assert_eq!(Rules::from_bytes(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn what_is_hidden_is_approximate() {
        use Shown::*;
        let now = Time::from_secs(1_800_000_000);
        let ago = |secs: i64| Presence { online_until: None, was_online: Some(now.plus_secs(-secs)) };
        let online = Presence { online_until: Some(now.plus_secs(60)), was_online: None };
        let lapsed =
            Presence { online_until: Some(now.plus_secs(-5)), was_online: Some(now.plus_secs(-300)) };
        let never = Presence::default();
        let offline = |secs: i64| Status::Offline { was_online: now.plus_secs(-secs) };
        let cases = [
            (online, Exact, Status::Online { expires: now.plus_secs(60) }),
            (lapsed, Exact, offline(5)),
            (ago(40 * DAY_SECS), Exact, offline(40 * DAY_SECS)),
            (never, Exact, Status::Empty),
            (online, HiddenByOwner, Status::Recently { by_me: false }),
            (online, HiddenByViewer, Status::Recently { by_me: true }),
            (ago(1), HiddenByOwner, Status::Recently { by_me: false }),
            (ago(3 * DAY_SECS), HiddenByOwner, Status::LastWeek { by_me: false }),
            (ago(7 * DAY_SECS), HiddenByViewer, Status::LastMonth { by_me: true }),
            (ago(30 * DAY_SECS), HiddenByOwner, Status::Empty),
            (never, HiddenByOwner, Status::Empty),
        ];
        for (presence, shown, expected) in cases {
            assert_eq!(status(presence, now, shown), expected, "{presence:?} {shown:?}");
        }
    }

    #[test]
    fn who_hides_does_not_see() {
        assert_eq!(shown(true, true), Shown::Exact);
        assert_eq!(shown(true, false), Shown::HiddenByViewer);
        assert_eq!(shown(false, true), Shown::HiddenByOwner);
        assert_eq!(shown(false, false), Shown::HiddenByOwner);
    }

    #[test]
    fn an_exception_comes_first() {
        let (ann, bob) = (UserId(1), UserId(2));
        for (rules, after) in [
            (vec![Rule::DisallowAll], vec![Rule::AllowUsers(vec![ann]), Rule::DisallowAll]),
            (
                vec![Rule::AllowContacts, Rule::DisallowUsers(vec![ann]), Rule::AllowUsers(vec![bob])],
                vec![Rule::AllowUsers(vec![ann, bob]), Rule::AllowContacts],
            ),
            (
                vec![Rule::DisallowUsers(vec![ann, bob]), Rule::AllowUsers(vec![ann])],
                vec![Rule::AllowUsers(vec![ann]), Rule::DisallowUsers(vec![bob])],
            ),
        ] {
            let changed = Rules::new(rules).unwrap().with_user(ann).unwrap();
            assert_eq!(changed.as_slice(), after);
            assert!(changed.allows(bob, &Viewer::stranger(ann)));
        }
    }
}
