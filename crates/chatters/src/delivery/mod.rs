//! How sign-in codes leave this server: the ways that are configured, or else the operator's console.

mod console;
mod smtp;
mod webhook;

use std::sync::Arc;

use domain::BoxFuture;
use service::delivery::{Channel, CodeSender, Delivery};

pub(crate) use console::{CodeBoard, PendingCode};

use crate::config;
use smtp::Mailer;
use webhook::Hook;

/// All ways together.
pub(crate) struct Senders {
    board: Arc<CodeBoard>,
    sms: Option<Arc<Hook>>,
    call: Option<Arc<Hook>>,
    email: Option<Arc<Mailer>>,
}

impl Senders {
    pub(crate) fn new(codes: &config::Codes, board: Arc<CodeBoard>) -> Result<Self, String> {
        let hook = |hook: &Option<config::Webhook>| hook.as_ref().map(|hook| Arc::new(Hook::new(hook)));
        let email = codes.email.as_ref().map(Mailer::new).transpose()?.map(Arc::new);
        Ok(Self { board, sms: hook(&codes.sms), call: hook(&codes.call), email })
    }
}

impl CodeSender for Senders {
    fn channels(&self) -> Vec<Channel> {
        let configured = [
            (Channel::Sms, self.sms.is_some()),
            (Channel::Call, self.call.is_some()),
            (Channel::Email, self.email.is_some()),
        ];
        let mut channels: Vec<_> =
            configured.into_iter().filter_map(|(channel, is_there)| is_there.then_some(channel)).collect();
        if channels.is_empty() {
            channels.push(Channel::Console);
        }
        channels
    }

    fn send(&self, delivery: Delivery) -> BoxFuture<Result<(), String>> {
        let missing = |what: &str| -> BoxFuture<Result<(), String>> {
            let why = format!("{what} is not configured");
            Box::pin(async move { Err(why) })
        };
        match delivery.channel {
            Channel::Console => {
                self.board.show(&delivery);
                Box::pin(async { Ok(()) })
            }
            Channel::Sms => self.sms.as_ref().map_or_else(|| missing("sms"), |hook| hook.send(delivery)),
            Channel::Call => self.call.as_ref().map_or_else(|| missing("call"), |hook| hook.send(delivery)),
            Channel::Email => {
                self.email.as_ref().map_or_else(|| missing("email"), |mailer| mailer.send(delivery))
            }
        }
    }
}
