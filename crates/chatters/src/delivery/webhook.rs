//! Codes by text message or call: an HTTP endpoint of the operator's choice takes them.

use std::sync::Arc;
use std::time::Duration;

use domain::BoxFuture;
use serde_json::json;
use service::delivery::{Channel, Delivery};
use tokio::sync::Semaphore;

use crate::config;

const TIMEOUT: Duration = Duration::from_secs(15);
/// Requests at once; each holds a thread.
const AT_ONCE: usize = 16;

pub(crate) struct Hook {
    url: String,
    token: Option<config::Secret>,
    agent: ureq::Agent,
    places: Arc<Semaphore>,
}

impl Hook {
    pub(crate) fn new(config: &config::Webhook) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .http_status_as_error(false)
            .build()
            .new_agent();
        Self {
            url: config.url.clone(),
            token: config.token.clone(),
            agent,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Posts `{"phone": "+…", "code": "…", "channel": "sms" | "call"}`; any 2xx is success.
    pub(crate) fn send(self: &Arc<Self>, delivery: Delivery) -> BoxFuture<Result<(), String>> {
        let hook = Arc::clone(self);
        Box::pin(async move {
            let _place = hook.places.clone().acquire_owned().await.map_err(|why| why.to_string())?;
            let sent = tokio::task::spawn_blocking(move || hook.post(&delivery)).await;
            sent.map_err(|why| why.to_string())?
        })
    }

    fn post(&self, delivery: &Delivery) -> Result<(), String> {
        let channel = if delivery.channel == Channel::Call { "call" } else { "sms" };
        let body = json!({
            "phone": format!("+{}", delivery.phone),
            "code": delivery.code,
            "channel": channel,
        });
        let mut request = self.agent.post(&self.url).content_type("application/json");
        if let Some(config::Secret(token)) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        // Errors name neither the request nor its body.
        let response = request.send(body.to_string()).map_err(|why| format!("webhook: {why}"))?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(format!("webhook: answered {status}")) }
    }
}
