//! How sign-in codes leave this server: the ways that are configured, in the operator's order. The operator's
//! console has every code, and is the way where there is no other.

mod console;
mod smtp;
mod webhook;

use std::sync::Arc;

use domain::BoxFuture;
use service::delivery::{Channel, CodeSender, Delivery};

pub(crate) use console::{CodeBoard, PendingCode};

use crate::config::{self, Way};
pub(crate) use smtp::Mailer;
use webhook::Hook;

/// All ways together.
pub(crate) struct Senders {
    order: Vec<Channel>,
    board: Arc<CodeBoard>,
    sms: Option<Arc<Hook>>,
    call: Option<Arc<Hook>>,
    email: Option<Arc<Mailer>>,
}

impl Senders {
    pub(crate) fn new(codes: &config::Codes, board: Arc<CodeBoard>) -> Result<Self, String> {
        let hook = |hook: &Option<config::Webhook>| hook.as_ref().map(|hook| Arc::new(Hook::new(hook)));
        let email = codes.email.as_ref().map(Mailer::new).transpose()?.map(Arc::new);
        Ok(Self { order: order(codes), board, sms: hook(&codes.sms), call: hook(&codes.call), email })
    }
}

impl CodeSender for Senders {
    fn channels(&self) -> Vec<Channel> {
        if self.order.is_empty() { vec![Channel::Console] } else { self.order.clone() }
    }

    fn show(&self, phone: &str, code: &str) {
        self.board.show(phone, code);
    }

    fn send(&self, delivery: Delivery) -> BoxFuture<Result<(), String>> {
        let missing = |what: &str| -> BoxFuture<Result<(), String>> {
            let why = format!("{what} is not configured");
            Box::pin(async move { Err(why) })
        };
        match delivery.channel {
            // It was shown there when it was made.
            Channel::Console => Box::pin(async { Ok(()) }),
            Channel::Sms => self.sms.as_ref().map_or_else(|| missing("sms"), |hook| hook.send(delivery)),
            Channel::Call => self.call.as_ref().map_or_else(|| missing("call"), |hook| hook.send(delivery)),
            Channel::Email => {
                self.email.as_ref().map_or_else(|| missing("email"), |mailer| mailer.send(delivery))
            }
        }
    }
}

/// The ways that are configured: first those that the operator put in an order, then the others.
fn order(codes: &config::Codes) -> Vec<Channel> {
    let mut order = Vec::new();
    for way in codes.order.iter().chain(&[Way::Sms, Way::Call, Way::Email]) {
        let (channel, configured) = match way {
            Way::Sms => (Channel::Sms, codes.sms.is_some()),
            Way::Call => (Channel::Call, codes.call.is_some()),
            Way::Email => (Channel::Email, codes.email.is_some()),
        };
        if configured && !order.contains(&channel) {
            order.push(channel);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_tried_in_the_operators_order() {
        let hook = || Some(config::Webhook { url: "http://127.0.0.1".to_owned(), token: None });
        let check = |order: &[Way], expected: &[Channel]| {
            let codes = config::Codes { order: order.to_vec(), sms: hook(), call: hook(), email: None };
            assert_eq!(super::order(&codes), expected);
        };
        check(&[], &[Channel::Sms, Channel::Call]);
        check(&[Way::Call], &[Channel::Call, Channel::Sms]);
        check(&[Way::Email, Way::Call, Way::Call], &[Channel::Call, Channel::Sms]);
    }
}
