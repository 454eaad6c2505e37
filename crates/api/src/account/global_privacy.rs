//! `globalPrivacySettings` from what a user chose.

use service::privacy::global::Global;
use tl_api::types;

pub fn to_tl(global: Global) -> types::GlobalPrivacySettings {
    types::GlobalPrivacySettings {
        keep_archived_unmuted: global.keep_archived_unmuted,
        keep_archived_folders: global.keep_archived_folders,
        hide_read_marks: global.hide_read_marks,
        new_noncontact_peers_require_premium: global.no_strangers,
        ..Default::default()
    }
}
