//! Codes by e-mail.

use std::sync::Arc;
use std::time::Duration;

use domain::BoxFuture;
use lettre::message::{Mailbox, Message, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use service::delivery::Delivery;

use crate::config::{self, Secret, SmtpSecurity};

const TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub(crate) fn new(config: &config::Smtp) -> Result<Self, String> {
        let from = config.from.parse().map_err(|why| format!("codes.email.from: {why}"))?;
        let host = config.host.as_str();
        let builder = match config.security {
            SmtpSecurity::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host),
            SmtpSecurity::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host),
            SmtpSecurity::None => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)),
        };
        let mut builder = builder.map_err(|why| format!("codes.email.host: {why}"))?.timeout(Some(TIMEOUT));
        if let Some(port) = config.port {
            builder = builder.port(port);
        }
        if let (Some(user), Some(Secret(password))) = (&config.user, &config.password) {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), from })
    }

    pub(crate) fn send(self: &Arc<Self>, delivery: Delivery) -> BoxFuture<Result<(), String>> {
        let mailer = Arc::clone(self);
        Box::pin(async move {
            let message = mailer.message(&delivery)?;
            // The server's answer may repeat the address: it stays out of the error.
            match mailer.transport.send(message).await {
                Ok(_) => Ok(()),
                Err(why) if why.is_permanent() => Err("mail: refused for good".to_owned()),
                Err(why) if why.is_transient() => Err("mail: refused for now".to_owned()),
                Err(why) if why.is_timeout() => Err("mail: no answer in time".to_owned()),
                Err(_) => Err("mail: the server could not be reached".to_owned()),
            }
        })
    }

    fn message(&self, delivery: &Delivery) -> Result<Message, String> {
        let address = delivery.email.as_deref().ok_or("mail: the account has no address")?;
        // Not quoted in the error: it is somebody's address.
        let address = address.parse().map_err(|_| "mail: the address is malformed")?;
        let code = &delivery.code;
        let body = format!(
            "Your sign-in code is {code}.\n\nGive it to nobody, whoever asks. If you did not try to sign in, \
             you can ignore this message.\n"
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(format!("Sign-in code: {code}"))
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|_| "mail: the message cannot be written".to_owned())
    }
}
