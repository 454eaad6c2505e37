//! The one table of errors that a request can end in.

/// Why a request was refused, in the protocol's own words.
///
/// `code` and `text` go to the client as they are (`400 PEER_ID_INVALID`, `420 FLOOD_WAIT_30`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {text}")]
pub struct Fault {
    pub code: i32,
    pub text: String,
}

/// How a use case ends when it does not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for something that the rules refuse. Nothing was changed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The server failed. The text is for the operator's log and never leaves the server.
    #[error("internal: {0}")]
    Internal(String),
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $code:literal $text:literal;)*) => {
        impl Fault {
            $($(#[$doc])* pub fn $name() -> Self { Self { code: $code, text: $text.to_owned() } })*
        }

        /// Every fault without an argument, for documentation and tests.
        pub const TABLE: &[(i32, &str)] = &[$(($code, $text)),*];
    };
}

faults! {
    about_too_long = 400 "ABOUT_TOO_LONG";
    access_hash_invalid = 400 "ACCESS_HASH_INVALID";
    api_id_invalid = 400 "API_ID_INVALID";
    auth_bytes_invalid = 400 "AUTH_BYTES_INVALID";
    auth_key_unregistered = 401 "AUTH_KEY_UNREGISTERED";
    auth_token_already_accepted = 400 "AUTH_TOKEN_ALREADY_ACCEPTED";
    auth_token_expired = 400 "AUTH_TOKEN_EXPIRED";
    auth_token_invalid = 400 "AUTH_TOKEN_INVALID";
    auth_token_invalidx = 400 "AUTH_TOKEN_INVALIDX";
    autoarchive_not_available = 403 "AUTOARCHIVE_NOT_AVAILABLE";
    bad_request = 400 "INPUT_REQUEST_INVALID";
    birthday_invalid = 400 "BIRTHDAY_INVALID";
    chat_forwards_restricted = 400 "CHAT_FORWARDS_RESTRICTED";
    chat_not_modified = 400 "CHAT_NOT_MODIFIED";
    code_invalid = 400 "CODE_INVALID";
    connection_not_inited = 400 "CONNECTION_NOT_INITED";
    contact_id_invalid = 400 "CONTACT_ID_INVALID";
    contact_name_empty = 400 "CONTACT_NAME_EMPTY";
    contact_req_missing = 400 "CONTACT_REQ_MISSING";
    dc_id_invalid = 400 "DC_ID_INVALID";
    email_install_missing = 400 "EMAIL_INSTALL_MISSING";
    email_invalid = 400 "EMAIL_INVALID";
    email_not_allowed = 400 "EMAIL_NOT_ALLOWED";
    email_token_invalid = 400 "EMAIL_TOKEN_INVALID";
    email_verify_expired = 400 "EMAIL_VERIFY_EXPIRED";
    encrypted_message_invalid = 400 "ENCRYPTED_MESSAGE_INVALID";
    entities_too_long = 400 "ENTITIES_TOO_LONG";
    entity_bounds_invalid = 400 "ENTITY_BOUNDS_INVALID";
    expires_at_invalid = 400 "EXPIRES_AT_INVALID";
    firstname_invalid = 400 "FIRSTNAME_INVALID";
    folder_id_invalid = 400 "FOLDER_ID_INVALID";
    fresh_reset_authorisation_forbidden = 406 "FRESH_RESET_AUTHORISATION_FORBIDDEN";
    hash_invalid = 400 "HASH_INVALID";
    input_constructor_invalid = 400 "INPUT_CONSTRUCTOR_INVALID";
    input_fetch_error = 400 "INPUT_FETCH_ERROR";
    input_user_deactivated = 400 "INPUT_USER_DEACTIVATED";
    lang_code_not_supported = 400 "LANG_CODE_NOT_SUPPORTED";
    lang_pack_invalid = 400 "LANG_PACK_INVALID";
    lastname_invalid = 400 "LASTNAME_INVALID";
    max_date_invalid = 400 "MAX_DATE_INVALID";
    media_caption_too_long = 400 "MEDIA_CAPTION_TOO_LONG";
    media_prev_invalid = 400 "MEDIA_PREV_INVALID";
    message_edit_time_expired = 400 "MESSAGE_EDIT_TIME_EXPIRED";
    message_empty = 400 "MESSAGE_EMPTY";
    message_id_invalid = 400 "MESSAGE_ID_INVALID";
    message_ids_empty = 400 "MESSAGE_IDS_EMPTY";
    message_not_modified = 400 "MESSAGE_NOT_MODIFIED";
    message_not_read_yet = 400 "MESSAGE_NOT_READ_YET";
    message_too_long = 400 "MESSAGE_TOO_LONG";
    limit_invalid = 400 "LIMIT_INVALID";
    message_author_required = 403 "MESSAGE_AUTHOR_REQUIRED";
    message_delete_forbidden = 403 "MESSAGE_DELETE_FORBIDDEN";
    message_too_old = 403 "MESSAGE_TOO_OLD";
    method_invalid = 400 "METHOD_INVALID";
    min_date_invalid = 400 "MIN_DATE_INVALID";
    password_hash_invalid = 400 "PASSWORD_HASH_INVALID";
    peer_flood = 400 "PEER_FLOOD";
    peer_history_empty = 400 "PEER_HISTORY_EMPTY";
    offset_invalid = 400 "OFFSET_INVALID";
    peer_id_invalid = 400 "PEER_ID_INVALID";
    persistent_timestamp_invalid = 400 "PERSISTENT_TIMESTAMP_INVALID";
    phone_code_empty = 400 "PHONE_CODE_EMPTY";
    phone_code_expired = 400 "PHONE_CODE_EXPIRED";
    phone_code_hash_empty = 400 "PHONE_CODE_HASH_EMPTY";
    phone_code_invalid = 400 "PHONE_CODE_INVALID";
    phone_hash_expired = 400 "PHONE_HASH_EXPIRED";
    phone_not_occupied = 400 "PHONE_NOT_OCCUPIED";
    phone_number_flood = 400 "PHONE_NUMBER_FLOOD";
    phone_number_invalid = 400 "PHONE_NUMBER_INVALID";
    phone_number_occupied = 400 "PHONE_NUMBER_OCCUPIED";
    phone_number_unoccupied = 400 "PHONE_NUMBER_UNOCCUPIED";
    pinned_dialogs_too_much = 400 "PINNED_DIALOGS_TOO_MUCH";
    premium_account_required = 403 "PREMIUM_ACCOUNT_REQUIRED";
    privacy_key_invalid = 400 "PRIVACY_KEY_INVALID";
    privacy_premium_required = 406 "PRIVACY_PREMIUM_REQUIRED";
    privacy_too_long = 400 "PRIVACY_TOO_LONG";
    privacy_value_invalid = 400 "PRIVACY_VALUE_INVALID";
    query_too_short = 400 "QUERY_TOO_SHORT";
    quote_text_invalid = 400 "QUOTE_TEXT_INVALID";
    random_length_invalid = 400 "RANDOM_LENGTH_INVALID";
    random_id_duplicate = 500 "RANDOM_ID_DUPLICATE";
    random_id_empty = 400 "RANDOM_ID_EMPTY";
    random_id_invalid = 400 "RANDOM_ID_INVALID";
    reaction_invalid = 400 "REACTION_INVALID";
    reactions_too_many = 400 "REACTIONS_TOO_MANY";
    reply_message_id_invalid = 400 "REPLY_MESSAGE_ID_INVALID";
    schedule_date_invalid = 400 "SCHEDULE_DATE_INVALID";
    schedule_date_too_late = 400 "SCHEDULE_DATE_TOO_LATE";
    schedule_status_private = 400 "SCHEDULE_STATUS_PRIVATE";
    schedule_too_much = 400 "SCHEDULE_TOO_MUCH";
    search_query_empty = 400 "SEARCH_QUERY_EMPTY";
    send_code_unavailable = 406 "SEND_CODE_UNAVAILABLE";
    session_password_needed = 401 "SESSION_PASSWORD_NEEDED";
    settings_invalid = 400 "SETTINGS_INVALID";
    stickerset_invalid = 406 "STICKERSET_INVALID";
    takeout_required = 403 "TAKEOUT_REQUIRED";
    temp_auth_key_already_bound = 400 "TEMP_AUTH_KEY_ALREADY_BOUND";
    temp_auth_key_empty = 400 "TEMP_AUTH_KEY_EMPTY";
    ttl_days_invalid = 400 "TTL_DAYS_INVALID";
    ttl_period_invalid = 400 "TTL_PERIOD_INVALID";
    user_deactivated = 401 "USER_DEACTIVATED";
    user_id_invalid = 400 "USER_ID_INVALID";
    user_is_blocked = 400 "USER_IS_BLOCKED";
    user_privacy_restricted = 403 "USER_PRIVACY_RESTRICTED";
    username_invalid = 400 "USERNAME_INVALID";
    username_not_modified = 400 "USERNAME_NOT_MODIFIED";
    username_not_occupied = 400 "USERNAME_NOT_OCCUPIED";
    username_occupied = 400 "USERNAME_OCCUPIED";
    auth_key_perm_empty = 401 "AUTH_KEY_PERM_EMPTY";
    connection_layer_invalid = 400 "CONNECTION_LAYER_INVALID";
    internal = 500 "INTERNAL";
    request_too_long = 400 "INPUT_REQUEST_TOO_LONG";
    worker_busy_too_long_retry = 500 "WORKER_BUSY_TOO_LONG_RETRY";
    you_blocked_user = 400 "YOU_BLOCKED_USER";
    your_privacy_restricted = 403 "YOUR_PRIVACY_RESTRICTED";
}

impl Fault {
    /// The caller has to wait so many seconds before the next try.
    pub fn flood_wait(secs: i64) -> Self {
        Self { code: 420, text: format!("FLOOD_WAIT_{}", secs.max(1)) }
    }

    /// How long the caller has to wait, of a fault that says so.
    pub fn wait_secs(&self) -> Option<i64> {
        self.text.strip_prefix("FLOOD_WAIT_").filter(|_| self.code == 420)?.parse().ok()
    }

    /// A takeout can be begun again after so many seconds.
    pub fn takeout_init_delay(secs: i64) -> Self {
        Self { code: 420, text: format!("TAKEOUT_INIT_DELAY_{}", secs.max(1)) }
    }

    /// No layer has a method with this id.
    pub fn input_method_invalid(id: u32) -> Self {
        Self { code: 400, text: format!("INPUT_METHOD_INVALID_{id}") }
    }

    /// A constructor id stands where its type does not belong.
    pub fn input_constructor_invalid_id(id: u32) -> Self {
        Self { code: 400, text: format!("INPUT_CONSTRUCTOR_INVALID_{id:08x}") }
    }

    /// The number belongs to the data centre `dc`.
    pub fn phone_migrate(dc: i32) -> Self {
        Self { code: 303, text: format!("PHONE_MIGRATE_{dc}") }
    }
}

impl Error {
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }
}
