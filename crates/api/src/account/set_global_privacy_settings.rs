//! `account.setGlobalPrivacySettings`

use domain::{Error, Fault};
use rpc::Cx;
use service::privacy::global::{self, Global};
use tl_api::{functions, types};

use super::global_privacy;

/// Sets what holds for all chats. Whoever wants no messages from strangers gets them from nobody but
/// contacts, those whom the rules for `NoPaidMessages` name, and those written to.
///
/// Errors: `AUTOARCHIVE_NOT_AVAILABLE`, because there is no archive; `PREMIUM_ACCOUNT_REQUIRED` for what
/// is paid for or given.
pub async fn handler(
    cx: Cx,
    request: functions::account::SetGlobalPrivacySettings,
) -> Result<types::GlobalPrivacySettings, Error> {
    let settings = request.settings;
    if settings.archive_and_mute_new_noncontact_peers {
        return Err(Fault::autoarchive_not_available().into());
    }
    let paid = settings.noncontact_peers_paid_stars.is_some_and(|stars| stars != 0);
    if paid || settings.display_gifts_button || settings.disallowed_gifts.is_some() {
        return Err(Fault::premium_account_required().into());
    }
    let global = Global {
        keep_archived_unmuted: settings.keep_archived_unmuted,
        keep_archived_folders: settings.keep_archived_folders,
        hide_read_marks: settings.hide_read_marks,
        no_strangers: settings.new_noncontact_peers_require_premium,
    };
    global::set(cx.service(), cx.me()?, global).await?;
    Ok(global_privacy::to_tl(global))
}
