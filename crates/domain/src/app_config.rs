//! What the server tells clients about itself: `help.getConfig` and `help.getAppConfig`.
//!
//! Only facts: a number stands here because the server keeps to it, a switch because the feature is there or not.
//! Sources: the API's "config" constructor and "Client configuration" page.

use crate::fingerprint::Fingerprint;
use crate::limits;

/// A JSON value of the application configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    String(&'static str),
    Array(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// The numbers of `help.getConfig`. Addresses, dates and the DC are the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How long a client may use the answer, in seconds.
    pub lifetime_secs: i32,
    pub chat_size_max: i32,
    pub megagroup_size_max: i32,
    pub forwarded_count_max: i32,
    pub online_update_period_ms: i32,
    pub offline_blur_timeout_ms: i32,
    pub offline_idle_timeout_ms: i32,
    pub online_cloud_timeout_ms: i32,
    pub notify_cloud_delay_ms: i32,
    pub notify_default_delay_ms: i32,
    pub push_chat_period_ms: i32,
    pub push_chat_limit: i32,
    pub edit_time_limit: i32,
    pub revoke_time_limit: i32,
    pub revoke_pm_time_limit: i32,
    pub rating_e_decay: i32,
    pub stickers_recent_limit: i32,
    pub channels_read_media_period: i32,
    pub call_receive_timeout_ms: i32,
    pub call_ring_timeout_ms: i32,
    pub call_connect_timeout_ms: i32,
    pub call_packet_timeout_ms: i32,
    pub caption_length_max: i32,
    pub message_length_max: i32,
    /// Messages can be deleted for both sides of a private chat.
    pub revoke_pm_inbox: bool,
}

/// The numbers of `help.getConfig`.
pub fn config() -> Config {
    Config {
        lifetime_secs: 3600,
        chat_size_max: wire(limits::CHAT_MEMBERS),
        megagroup_size_max: wire(limits::MEGAGROUP_MEMBERS),
        forwarded_count_max: wire(limits::FORWARD_BATCH),
        online_update_period_ms: limits::ONLINE_UPDATE_PERIOD_MS,
        offline_blur_timeout_ms: 5_000,
        offline_idle_timeout_ms: 30_000,
        online_cloud_timeout_ms: wire(limits::ONLINE_SECS * 1000),
        notify_cloud_delay_ms: 30_000,
        notify_default_delay_ms: 1_500,
        push_chat_period_ms: 60_000,
        push_chat_limit: 2,
        edit_time_limit: wire(limits::EDIT_TIME_SECS),
        revoke_time_limit: wire(limits::REVOKE_TIME_SECS),
        revoke_pm_time_limit: wire(limits::REVOKE_PM_TIME_SECS),
        rating_e_decay: 2_419_200,
        stickers_recent_limit: 200,
        channels_read_media_period: 604_800,
        call_receive_timeout_ms: 20_000,
        call_ring_timeout_ms: 90_000,
        call_connect_timeout_ms: 30_000,
        call_packet_timeout_ms: 10_000,
        caption_length_max: wire(limits::CAPTION_LENGTH),
        message_length_max: wire(limits::MESSAGE_LENGTH),
        revoke_pm_inbox: true,
    }
}

/// The object of `help.getAppConfig`, keys sorted.
pub fn app_config() -> Json {
    let limit = |n: usize| Json::Number(f64::from(wire(n)));
    Json::Object(vec![
        ("about_length_limit_default", limit(limits::ABOUT_LENGTH)),
        ("about_length_limit_premium", limit(limits::ABOUT_LENGTH_PREMIUM)),
        ("autologin_domains", Json::Array(Vec::new())),
        ("caption_length_limit_default", limit(limits::CAPTION_LENGTH)),
        ("caption_length_limit_premium", limit(limits::CAPTION_LENGTH)),
        ("dialogs_folder_pinned_limit_default", limit(limits::PINNED_ARCHIVED_DIALOGS)),
        ("dialogs_folder_pinned_limit_premium", limit(limits::PINNED_ARCHIVED_DIALOGS)),
        ("dialogs_pinned_limit_default", limit(limits::PINNED_DIALOGS)),
        ("dialogs_pinned_limit_premium", limit(limits::PINNED_DIALOGS_PREMIUM)),
        ("premium_purchase_blocked", Json::Bool(true)),
        ("reactions_uniq_max", limit(limits::REACTIONS_UNIQUE)),
        ("reactions_user_max_default", limit(limits::REACTIONS_PER_USER)),
        ("reactions_user_max_premium", limit(limits::REACTIONS_PER_USER_PREMIUM)),
        ("stargifts_blocked", Json::Bool(true)),
        ("stories_all_hidden", Json::Bool(true)),
        ("stories_posting", Json::String("disabled")),
        ("translations_auto_enabled", Json::String("disabled")),
        ("translations_manual_enabled", Json::String("disabled")),
        ("url_auth_domains", Json::Array(Vec::new())),
    ])
}

/// Changes whenever [`app_config`] does.
pub fn hash() -> i32 {
    let mut print = Fingerprint::default();
    print.add(&format!("{:?}", app_config()));
    print.hash()
}

fn wire<T: TryInto<i32>>(n: T) -> i32 {
    n.try_into().unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_single() {
        let Json::Object(fields) = app_config() else { panic!("clients expect an object") };
        assert!(fields.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(hash() > 0);
    }

    #[test]
    fn the_config_says_what_the_limits_are() {
        let config = config();
        assert_eq!(config.message_length_max, 4096);
        assert_eq!(config.edit_time_limit, 172_800);
        assert_eq!(config.revoke_pm_time_limit, i32::MAX);
        assert!(config.online_update_period_ms < config.online_cloud_timeout_ms, "or people flicker offline");
    }
}
