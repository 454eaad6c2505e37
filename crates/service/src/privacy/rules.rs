//! `account.setPrivacy`: the rules of one key.

use domain::hint::News;
use domain::privacy::{Key, Rule, Rules};
use domain::{Error, Hint, UserId};
use store::privacy;
use updates::event;
use updates::log::{self, Origin};

use crate::Service;

/// Errors: `PRIVACY_TOO_LONG`, `PRIVACY_VALUE_INVALID`.
pub async fn set(
    service: &Service,
    user: UserId,
    key: Key,
    rules: Vec<Rule>,
    origin: Origin,
) -> Result<(), Error> {
    let rules = Rules::new(rules)?;
    service
        .store
        .write(move |tx| {
            privacy::set_rules(tx, user, key.code(), &rules.to_bytes())?;
            log::append(tx, user, event::privacy(key, &rules), origin)?;
            if matches!(key, Key::PhoneNumber | Key::StatusTimestamp) {
                // What others see of the user with every mention is not the same any more.
                tx.hint(Hint::User { user, news: News::Profile });
            }
            Ok(())
        })
        .await
}
