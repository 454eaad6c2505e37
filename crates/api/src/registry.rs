//! Every method that is built, one line each, in the order of the alphabet.

use rpc::Registry;
use rpc::registry::{public, user};

use crate::{auth, contacts, help, messages, updates, users};

pub fn registry() -> Registry {
    Registry::new(vec![
        public("auth.bindTempAuthKey", auth::bind_temp_auth_key::handler),
        public("auth.cancelCode", auth::cancel_code::handler),
        public("auth.logOut", auth::log_out::handler),
        public("auth.resendCode", auth::resend_code::handler),
        public("auth.sendCode", auth::send_code::handler),
        public("auth.signIn", auth::sign_in::handler),
        public("auth.signUp", auth::sign_up::handler),
        user("contacts.importContacts", contacts::import_contacts::handler),
        public("help.getConfig", help::get_config::handler),
        public("help.getNearestDc", help::get_nearest_dc::handler),
        user("messages.deleteScheduledMessages", messages::delete_scheduled_messages::handler),
        user("messages.getDefaultHistoryTTL", messages::get_default_history_ttl::handler),
        user("messages.getDialogs", messages::get_dialogs::handler),
        user("messages.getHistory", messages::get_history::handler),
        user("messages.getScheduledHistory", messages::get_scheduled_history::handler),
        user("messages.getScheduledMessages", messages::get_scheduled_messages::handler),
        user("messages.sendMessage", messages::send_message::handler),
        user("messages.sendScheduledMessages", messages::send_scheduled_messages::handler),
        user("messages.setDefaultHistoryTTL", messages::set_default_history_ttl::handler),
        user("messages.setHistoryTTL", messages::set_history_ttl::handler),
        user("updates.getDifference", updates::get_difference::handler),
        user("updates.getState", updates::get_state::handler),
        user("users.getUsers", users::get_users::handler),
    ])
}
