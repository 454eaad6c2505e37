//! `auth.sentCode` from what became of a code.

use domain::limits;
use service::accounts::send_code::{SentCode, Via};
use service::delivery::Channel;
use tl_api::{enums, types};

pub fn to_tl(sent: &SentCode) -> enums::auth::SentCode {
    let length = i32::try_from(limits::CODE_LENGTH).unwrap_or(5);
    let kind = match &sent.via {
        Via::App => types::auth::SentCodeTypeApp { length }.into(),
        Via::Channel(Channel::Call) => types::auth::SentCodeTypeCall { length }.into(),
        Via::Email(pattern) => types::auth::SentCodeTypeEmailCode {
            email_pattern: pattern.clone(),
            length,
            // `auth.resetLoginEmail` need not wait.
            reset_available_period: Some(0),
            ..Default::default()
        }
        .into(),
        Via::Channel(Channel::Console | Channel::Sms | Channel::Email) => {
            types::auth::SentCodeTypeSms { length }.into()
        }
    };
    types::auth::SentCode {
        r#type: kind,
        phone_code_hash: sent.phone_code_hash.clone(),
        next_type: sent.next.map(code_type),
        timeout: sent.next.map(|_| limits::CODE_RESEND_SECS),
    }
    .into()
}

fn code_type(channel: Channel) -> enums::auth::CodeType {
    match channel {
        Channel::Call => enums::auth::CodeType::Call,
        Channel::Console | Channel::Sms | Channel::Email => enums::auth::CodeType::Sms,
    }
}
