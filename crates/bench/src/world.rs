//! A server and what its people need to reach it.

use std::sync::Arc;

use client::{Client, Config, Identity, Tcp};
use domain::{SharedClock, SharedRandom};
use mtproto::RsaPublicKey;
use mtproto::transport::Framing;
use tl_api::{enums, functions};
use tokio::runtime::Handle;

use crate::server::Server;
use crate::system::{Runtime, SystemClock, SystemRandom};

/// What everybody in a run shares.
pub struct World {
    pub clock: SharedClock,
    pub random: SharedRandom,
    pub server: Server,
}

impl World {
    /// Everybody's view of this server.
    pub fn new(server: Server) -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), server }
    }

    /// A new connection with a new key; nobody is signed in.
    pub async fn connect(&self) -> Result<Client, String> {
        Client::connect(self.config()?, None).await.map_err(|why| why.to_string())
    }

    /// A new session of a key that was made before.
    pub async fn come_back(&self, identity: &Identity) -> Result<Client, String> {
        Client::connect(self.config()?, Some(identity.clone())).await.map_err(|why| why.to_string())
    }

    /// What a client of this server has to know.
    pub fn config(&self) -> Result<Config, String> {
        let key = RsaPublicKey::from_pem(&self.server.public_key).map_err(|why| why.to_string())?;
        Ok(Config {
            connect: Arc::new(Tcp(self.server.address)),
            keys: vec![key],
            dc: 2,
            framing: Framing::Intermediate,
            obfuscation: None,
            layer: tl_api::NEWEST_LAYER,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            spawn: Arc::new(Runtime(Handle::current())),
        })
    }

    /// A new account with one connection.
    pub async fn sign_up(&self, phone: &str) -> Result<Client, String> {
        let failed = |why: client::ClientError| format!("sign-up: {why}");
        let client = self.connect().await?;
        let request = functions::auth::SendCode { phone_number: phone.to_owned(), ..Default::default() };
        let enums::auth::SentCode::SentCode(sent) = client.invoke(&request).await.map_err(failed)? else {
            return Err("signed in without a code".to_owned());
        };
        let code = self.server.code(phone).await?;
        let request = functions::auth::SignIn {
            phone_number: phone.to_owned(),
            phone_code_hash: sent.phone_code_hash.clone(),
            phone_code: Some(code),
            ..Default::default()
        };
        client.invoke(&request).await.map_err(failed)?;
        let request = functions::auth::SignUp {
            phone_number: phone.to_owned(),
            phone_code_hash: sent.phone_code_hash,
            first_name: "Load".to_owned(),
            ..Default::default()
        };
        client.invoke(&request).await.map_err(failed)?;
        // From here on the session is pushed to.
        client.invoke(&functions::updates::GetState {}).await.map_err(failed)?;
        Ok(client)
    }
}
