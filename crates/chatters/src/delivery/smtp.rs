//! Codes by e-mail.

use std::sync::Arc;
use std::time::Duration;

use domain::BoxFuture;
use lettre::message::{Mailbox, Message, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use service::delivery::{Delivery, Purpose};

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

    /// Connects, greets, and signs in where that is configured, as before a mail; sends none. Waits for `limit` at
    /// most.
    pub(crate) async fn greet(&self, limit: Duration) -> Result<(), String> {
        match tokio::time::timeout(limit, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("it greets, and hangs up".to_owned()),
            // Nothing of a person in here: no mail is under way.
            Ok(Err(why)) => Err(std::error::Error::source(&why).map_or(why.to_string(), ToString::to_string)),
            Err(_) => Err(format!("no answer within {} s", limit.as_secs())),
        }
    }

    fn message(&self, delivery: &Delivery) -> Result<Message, String> {
        let address = delivery.email.as_deref().ok_or("mail: the account has no address")?;
        // Not quoted in the error: it is somebody's address.
        let address = address.parse().map_err(|_| "mail: the address is malformed")?;
        let code = &delivery.code;
        let (what, otherwise) = match delivery.purpose {
            Purpose::SignIn => ("sign-in code", "did not try to sign in"),
            Purpose::ProveEmail => ("code for this address", "did not enter this address anywhere"),
        };
        let body = format!(
            "Your {what} is {code}.\n\nGive it to nobody, whoever asks. If you {otherwise}, you can ignore \
             this message.\n"
        );
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(format!("Your {what}: {code}"))
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|_| "mail: the message cannot be written".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use service::delivery::Channel;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    fn delivery(purpose: Purpose) -> Delivery {
        Delivery {
            purpose,
            phone: "15550100123".to_owned(),
            code: "12345".to_owned(),
            email: Some("postal@example.org".to_owned()),
            channel: Channel::Email,
        }
    }

    /// A mail server for one mail: what it was told, and what it says to the mail as a whole.
    async fn take_mail(listener: &TcpListener, verdict: &str) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut heard = Vec::new();
        let mut in_body = false;
        write.write_all(b"220 here\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match (in_body, line.split(' ').next().unwrap_or_default()) {
                (true, ".") => {
                    in_body = false;
                    verdict
                }
                (true, _) => "",
                (false, "DATA") => {
                    in_body = true;
                    "354 go on"
                }
                (false, "QUIT") => "221 bye",
                (false, _) => "250 well",
            };
            let bye = !in_body && line == "QUIT";
            heard.push(line);
            if !answer.is_empty() {
                let _ = write.write_all(format!("{answer}\r\n").as_bytes()).await;
            }
            if bye || answer == verdict {
                break;
            }
        }
        heard
    }

    async fn mailer(listener: &TcpListener) -> Arc<Mailer> {
        let config = config::Smtp {
            host: "127.0.0.1".to_owned(),
            port: Some(listener.local_addr().unwrap().port()),
            security: SmtpSecurity::None,
            user: None,
            password: None,
            from: "Chatters <codes@example.org>".to_owned(),
        };
        Arc::new(Mailer::new(&config).unwrap())
    }

    #[tokio::test]
    async fn a_code_is_mailed() {
        for (purpose, subject) in [
            (Purpose::SignIn, "Subject: Your sign-in code: 12345"),
            (Purpose::ProveEmail, "Subject: Your code for this address: 12345"),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mailer = mailer(&listener).await;
            let (heard, sent) =
                tokio::join!(take_mail(&listener, "250 taken"), mailer.send(delivery(purpose)));
            assert_eq!(sent, Ok(()));
            for line in ["MAIL FROM:<codes@example.org>", "RCPT TO:<postal@example.org>", subject] {
                assert!(heard.iter().any(|heard| heard.starts_with(line)), "{line}: {heard:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_server_is_greeted_without_a_mail() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailer = mailer(&listener).await;
        let limit = Duration::from_secs(5);
        let (heard, greeted) = tokio::join!(
            async { tokio::time::timeout(limit, take_mail(&listener, "250 taken")).await },
            mailer.greet(limit)
        );
        assert_eq!(greeted, Ok(()));
        let heard = heard.unwrap();
        assert!(
            heard[0].starts_with("EHLO ") && !heard.iter().any(|line| line.starts_with("MAIL")),
            "{heard:?}"
        );
        // Somebody who takes connections and says nothing, and nobody at all.
        let silent = mailer.greet(Duration::from_millis(200)).await;
        assert!(silent.as_ref().is_err_and(|why| why.contains("no answer")), "{silent:?}");
        drop(listener);
        assert!(mailer.greet(limit).await.is_err());
    }

    #[tokio::test]
    async fn errors_do_not_repeat_the_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailer = mailer(&listener).await;
        let verdict = "550 postal@example.org has no mailbox";
        let (_, sent) = tokio::join!(take_mail(&listener, verdict), mailer.send(delivery(Purpose::SignIn)));
        assert_eq!(sent, Err("mail: refused for good".to_owned()));
        drop(listener);
        let sent = mailer.send(delivery(Purpose::SignIn)).await;
        assert_eq!(sent, Err("mail: the server could not be reached".to_owned()));
        let nobody = Delivery { email: None, ..delivery(Purpose::SignIn) };
        assert_eq!(mailer.send(nobody).await, Err("mail: the account has no address".to_owned()));
    }
}
