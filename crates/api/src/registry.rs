//! Every method that is built, one line each, in the order of the alphabet.

use rpc::registry::{device, public, user};
use rpc::{Entry, Registry};

use crate::{account, auth, contacts, help, langpack, messages, stories, updates, users};

pub fn registry() -> Registry {
    let spaces =
        [account(), auth(), contacts(), help(), langpack(), messages(), stories(), updates(), users()];
    Registry::new(spaces.into_iter().flatten().collect())
}

fn account() -> Vec<Entry> {
    vec![
        user("account.changeAuthorizationSettings", account::change_authorization_settings::handler),
        user("account.checkUsername", account::check_username::handler),
        user("account.deleteAccount", account::delete_account::handler),
        user("account.finishTakeoutSession", account::finish_takeout_session::handler),
        user("account.getAccountTTL", account::get_account_ttl::handler),
        user("account.getAuthorizations", account::get_authorizations::handler),
        user("account.getChannelDefaultEmojiStatuses", account::get_channel_default_emoji_statuses::handler),
        user("account.getChatThemes", account::get_chat_themes::handler),
        user("account.getCollectibleEmojiStatuses", account::get_collectible_emoji_statuses::handler),
        user("account.getContactSignUpNotification", account::get_contact_sign_up_notification::handler),
        user("account.getContentSettings", account::get_content_settings::handler),
        user("account.getDefaultEmojiStatuses", account::get_default_emoji_statuses::handler),
        user("account.getGlobalPrivacySettings", account::get_global_privacy_settings::handler),
        user("account.getNotifyExceptions", account::get_notify_exceptions::handler),
        user("account.getNotifySettings", account::get_notify_settings::handler),
        user("account.getPassword", account::get_password::handler),
        user("account.getPrivacy", account::get_privacy::handler),
        user("account.getRecentEmojiStatuses", account::get_recent_emoji_statuses::handler),
        user("account.getSavedRingtones", account::get_saved_ringtones::handler),
        user("account.getThemes", account::get_themes::handler),
        user("account.getWallPapers", account::get_wall_papers::handler),
        user("account.getWebAuthorizations", account::get_web_authorizations::handler),
        user("account.initTakeoutSession", account::init_takeout_session::handler),
        user("account.resetAuthorization", account::reset_authorization::handler),
        user("account.resetNotifySettings", account::reset_notify_settings::handler),
        device("account.sendVerifyEmailCode", account::send_verify_email_code::handler),
        user("account.setAccountTTL", account::set_account_ttl::handler),
        user("account.setAuthorizationTTL", account::set_authorization_ttl::handler),
        user("account.setContactSignUpNotification", account::set_contact_sign_up_notification::handler),
        user("account.setGlobalPrivacySettings", account::set_global_privacy_settings::handler),
        user("account.setPrivacy", account::set_privacy::handler),
        user("account.updateBirthday", account::update_birthday::handler),
        user("account.updateNotifySettings", account::update_notify_settings::handler),
        user("account.updateProfile", account::update_profile::handler),
        user("account.updateStatus", account::update_status::handler),
        user("account.updateUsername", account::update_username::handler),
        device("account.verifyEmail", account::verify_email::handler),
    ]
}

fn auth() -> Vec<Entry> {
    vec![
        user("auth.acceptLoginToken", auth::accept_login_token::handler),
        public("auth.bindTempAuthKey", auth::bind_temp_auth_key::handler),
        device("auth.cancelCode", auth::cancel_code::handler),
        device("auth.dropTempAuthKeys", auth::drop_temp_auth_keys::handler),
        user("auth.exportAuthorization", auth::export_authorization::handler),
        device("auth.exportLoginToken", auth::export_login_token::handler),
        device("auth.importAuthorization", auth::import_authorization::handler),
        device("auth.importLoginToken", auth::import_login_token::handler),
        device("auth.logOut", auth::log_out::handler),
        device("auth.resendCode", auth::resend_code::handler),
        user("auth.resetAuthorizations", auth::reset_authorizations::handler),
        device("auth.resetLoginEmail", auth::reset_login_email::handler),
        device("auth.sendCode", auth::send_code::handler),
        device("auth.signIn", auth::sign_in::handler),
        device("auth.signUp", auth::sign_up::handler),
    ]
}

fn contacts() -> Vec<Entry> {
    vec![
        user("contacts.acceptContact", contacts::accept_contact::handler),
        user("contacts.addContact", contacts::add_contact::handler),
        user("contacts.block", contacts::block::handler),
        user("contacts.deleteByPhones", contacts::delete_by_phones::handler),
        user("contacts.deleteContacts", contacts::delete_contacts::handler),
        user("contacts.getBirthdays", contacts::get_birthdays::handler),
        user("contacts.getBlocked", contacts::get_blocked::handler),
        user("contacts.getContacts", contacts::get_contacts::handler),
        user("contacts.getSaved", contacts::get_saved::handler),
        user("contacts.getStatuses", contacts::get_statuses::handler),
        user("contacts.getTopPeers", contacts::get_top_peers::handler),
        user("contacts.importContacts", contacts::import_contacts::handler),
        user("contacts.resetSaved", contacts::reset_saved::handler),
        user("contacts.resetTopPeerRating", contacts::reset_top_peer_rating::handler),
        user("contacts.resolvePhone", contacts::resolve_phone::handler),
        user("contacts.resolveUsername", contacts::resolve_username::handler),
        user("contacts.search", contacts::search::handler),
        user("contacts.setBlocked", contacts::set_blocked::handler),
        user("contacts.toggleTopPeers", contacts::toggle_top_peers::handler),
        user("contacts.unblock", contacts::unblock::handler),
        user("contacts.updateContactNote", contacts::update_contact_note::handler),
    ]
}

fn help() -> Vec<Entry> {
    vec![
        public("help.acceptTermsOfService", help::accept_terms_of_service::handler),
        public("help.getAppConfig", help::get_app_config::handler),
        public("help.getAppUpdate", help::get_app_update::handler),
        public("help.getCdnConfig", help::get_cdn_config::handler),
        public("help.getConfig", help::get_config::handler),
        public("help.getCountriesList", help::get_countries_list::handler),
        user("help.getInviteText", help::get_invite_text::handler),
        public("help.getNearestDc", help::get_nearest_dc::handler),
        public("help.getPeerColors", help::get_peer_colors::handler),
        public("help.getPeerProfileColors", help::get_peer_profile_colors::handler),
        public("help.getPromoData", help::get_promo_data::handler),
        public("help.getTermsOfServiceUpdate", help::get_terms_of_service_update::handler),
    ]
}

fn langpack() -> Vec<Entry> {
    vec![
        public("langpack.getDifference", langpack::get_difference::handler),
        public("langpack.getLangPack", langpack::get_lang_pack::handler),
        public("langpack.getLanguage", langpack::get_language::handler),
        public("langpack.getLanguages", langpack::get_languages::handler),
        public("langpack.getStrings", langpack::get_strings::handler),
    ]
}

fn messages() -> Vec<Entry> {
    vec![
        user("messages.clearAllDrafts", messages::clear_all_drafts::handler),
        user("messages.clearRecentReactions", messages::clear_recent_reactions::handler),
        user("messages.deleteHistory", messages::delete_history::handler),
        user("messages.deleteMessages", messages::delete_messages::handler),
        user("messages.deleteSavedHistory", messages::delete_saved_history::handler),
        user("messages.deleteScheduledMessages", messages::delete_scheduled_messages::handler),
        user("messages.editMessage", messages::edit_message::handler),
        user("messages.forwardMessages", messages::forward_messages::handler),
        user("messages.getAllDrafts", messages::get_all_drafts::handler),
        user("messages.getAllStickers", messages::get_all_stickers::handler),
        user("messages.getArchivedStickers", messages::get_archived_stickers::handler),
        user("messages.getAttachMenuBots", messages::get_attach_menu_bots::handler),
        user("messages.getAvailableEffects", messages::get_available_effects::handler),
        user("messages.getAvailableReactions", messages::get_available_reactions::handler),
        user("messages.getDefaultHistoryTTL", messages::get_default_history_ttl::handler),
        user("messages.getDefaultTagReactions", messages::get_default_tag_reactions::handler),
        user("messages.getDhConfig", messages::get_dh_config::handler),
        user("messages.getDialogFilters", messages::get_dialog_filters::handler),
        user("messages.getDialogUnreadMarks", messages::get_dialog_unread_marks::handler),
        user("messages.getDialogs", messages::get_dialogs::handler),
        user("messages.getEmojiGroups", messages::get_emoji_groups::handler),
        user("messages.getEmojiKeywords", messages::get_emoji_keywords::handler),
        user("messages.getEmojiKeywordsDifference", messages::get_emoji_keywords_difference::handler),
        user("messages.getEmojiKeywordsLanguages", messages::get_emoji_keywords_languages::handler),
        user("messages.getEmojiStatusGroups", messages::get_emoji_status_groups::handler),
        user("messages.getEmojiStickers", messages::get_emoji_stickers::handler),
        user("messages.getFavedStickers", messages::get_faved_stickers::handler),
        user("messages.getFeaturedEmojiStickers", messages::get_featured_emoji_stickers::handler),
        user("messages.getFeaturedStickers", messages::get_featured_stickers::handler),
        user("messages.getHistory", messages::get_history::handler),
        user("messages.getMaskStickers", messages::get_mask_stickers::handler),
        user("messages.getMessageEditData", messages::get_message_edit_data::handler),
        user("messages.getMessageReactionsList", messages::get_message_reactions_list::handler),
        user("messages.getMessages", messages::get_messages::handler),
        user("messages.getMessagesReactions", messages::get_messages_reactions::handler),
        user("messages.getMessagesViews", messages::get_messages_views::handler),
        user("messages.getOldFeaturedStickers", messages::get_old_featured_stickers::handler),
        user("messages.getOutboxReadDate", messages::get_outbox_read_date::handler),
        user("messages.getPeerDialogs", messages::get_peer_dialogs::handler),
        user("messages.getPeerSettings", messages::get_peer_settings::handler),
        user("messages.getPinnedDialogs", messages::get_pinned_dialogs::handler),
        user("messages.getPinnedSavedDialogs", messages::get_pinned_saved_dialogs::handler),
        user("messages.getQuickReplies", messages::get_quick_replies::handler),
        user("messages.getRecentReactions", messages::get_recent_reactions::handler),
        user("messages.getRecentStickers", messages::get_recent_stickers::handler),
        user("messages.getSavedDialogs", messages::get_saved_dialogs::handler),
        user("messages.getSavedDialogsByID", messages::get_saved_dialogs_by_id::handler),
        user("messages.getSavedGifs", messages::get_saved_gifs::handler),
        user("messages.getSavedHistory", messages::get_saved_history::handler),
        user("messages.getSavedReactionTags", messages::get_saved_reaction_tags::handler),
        user("messages.getScheduledHistory", messages::get_scheduled_history::handler),
        user("messages.getScheduledMessages", messages::get_scheduled_messages::handler),
        user("messages.getSearchCounters", messages::get_search_counters::handler),
        user("messages.getSplitRanges", messages::get_split_ranges::handler),
        user("messages.getStickerSet", messages::get_sticker_set::handler),
        user("messages.getSuggestedDialogFilters", messages::get_suggested_dialog_filters::handler),
        user("messages.getTopReactions", messages::get_top_reactions::handler),
        user("messages.getUnreadReactions", messages::get_unread_reactions::handler),
        user("messages.hidePeerSettingsBar", messages::hide_peer_settings_bar::handler),
        user("messages.markDialogUnread", messages::mark_dialog_unread::handler),
        user("messages.readHistory", messages::read_history::handler),
        user("messages.readMentions", messages::read_mentions::handler),
        user("messages.readMessageContents", messages::read_message_contents::handler),
        user("messages.readReactions", messages::read_reactions::handler),
        user("messages.receivedMessages", messages::received_messages::handler),
        user("messages.reorderPinnedDialogs", messages::reorder_pinned_dialogs::handler),
        user("messages.reorderPinnedSavedDialogs", messages::reorder_pinned_saved_dialogs::handler),
        user("messages.saveDraft", messages::save_draft::handler),
        user("messages.search", messages::search::handler),
        user("messages.searchGlobal", messages::search_global::handler),
        user("messages.sendMessage", messages::send_message::handler),
        user("messages.sendReaction", messages::send_reaction::handler),
        user("messages.sendScheduledMessages", messages::send_scheduled_messages::handler),
        user("messages.setDefaultHistoryTTL", messages::set_default_history_ttl::handler),
        user("messages.setHistoryTTL", messages::set_history_ttl::handler),
        user("messages.setTyping", messages::set_typing::handler),
        user("messages.toggleDialogPin", messages::toggle_dialog_pin::handler),
        user("messages.toggleSavedDialogPin", messages::toggle_saved_dialog_pin::handler),
        user("messages.unpinAllMessages", messages::unpin_all_messages::handler),
        user("messages.updatePinnedMessage", messages::update_pinned_message::handler),
    ]
}

fn stories() -> Vec<Entry> {
    vec![
        user("stories.getAllReadPeerStories", stories::get_all_read_peer_stories::handler),
        user("stories.getAllStories", stories::get_all_stories::handler),
        user("stories.getPeerStories", stories::get_peer_stories::handler),
    ]
}

fn updates() -> Vec<Entry> {
    vec![
        user("updates.getDifference", updates::get_difference::handler),
        user("updates.getState", updates::get_state::handler),
    ]
}

fn users() -> Vec<Entry> {
    vec![
        user("users.getFullUser", users::get_full_user::handler),
        user("users.getIsPremiumRequiredToContact", users::get_is_premium_required_to_contact::handler),
        user("users.getRequirementsToContact", users::get_requirements_to_contact::handler),
        user("users.getUsers", users::get_users::handler),
    ]
}
