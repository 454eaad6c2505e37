//! What nobody may be shown: checked on everything that leaves the server.

use domain::SessionRef;
use grammers_tl_types::{Deserializable, enums};

use crate::world::World;

impl World {
    /// Checks people as an answer describes them.
    pub(crate) fn look(&mut self, at: usize, users: &[enums::User]) {
        let (viewer, since) = (self.devices[at].person, self.asked_at);
        self.inspect(viewer, users, since);
    }

    /// Checks what is pushed, at the time when it is made.
    pub(crate) fn check_push(&mut self, session: SessionRef, body: &[u8]) {
        let Some(at) = self.devices.iter().position(|device| device.key.id == session.key_id) else { return };
        let now = self.now();
        if self.devices[at].signed_out_at.is_some_and(|out| out < now) {
            return self.fail(format!("device {at} is signed out and is pushed to"));
        }
        if let Ok(enums::Updates::Updates(updates)) = enums::Updates::from_bytes(body) {
            let viewer = self.devices[at].person;
            self.inspect(viewer, &updates.users, now);
            for update in &updates.updates {
                if let enums::Update::UserStatus(update) = update
                    && let Some(owner) = self.model.person_of(update.user_id)
                {
                    self.inspect_status(viewer, owner, &update.status, now);
                }
            }
        }
    }

    fn inspect(&mut self, viewer: usize, users: &[enums::User], since: i64) {
        let now = self.now();
        for user in users {
            let enums::User::User(user) = user else { continue };
            let Some(owner) = self.model.person_of(user.id) else { continue };
            if owner == viewer {
                continue;
            }
            let known = &self.model.people[owner];
            let open = self.model.may_see(&known.phone_rule, owner, viewer, since, now)
                || self.model.knows_number.contains(&(viewer, owner));
            if user.phone.is_some() && !open {
                self.fail(format!("person {viewer} is shown the phone number of person {owner}"));
            }
            let known = &self.model.people[owner];
            let name = user.first_name.clone().unwrap_or_default();
            let saved = self.model.saved.get(&(viewer, owner));
            let is_own = known.name.ever().any(|own| *own == name);
            let is_saved = saved.is_some_and(|saved| saved.ever().flatten().any(|own| *own == name));
            if !is_own && !is_saved {
                self.fail(format!(
                    "person {viewer} is shown person {owner} under a name of somebody else's: {name}"
                ));
            }
            if let Some(status) = &user.status {
                self.inspect_status(viewer, owner, status, since);
            }
        }
    }

    fn inspect_status(&mut self, viewer: usize, owner: usize, status: &enums::UserStatus, since: i64) {
        if viewer == owner || !matches!(status, enums::UserStatus::Online(_) | enums::UserStatus::Offline(_))
        {
            return;
        }
        let now = self.now();
        let sees = |owner: usize, viewer: usize| {
            self.model.may_see(&self.model.people[owner].seen_rule, owner, viewer, since, now)
        };
        let blocked = self.model.blocked.get(&(owner, viewer));
        let may_be_free = blocked.is_none_or(|blocked| blocked.possible(since, now).any(|blocked| !blocked));
        if !sees(owner, viewer) || !sees(viewer, owner) || !may_be_free {
            self.fail(format!("person {viewer} is shown when person {owner} was online"));
        }
    }
}
