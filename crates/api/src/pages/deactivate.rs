//! `/deactivate`: deleting an account without being signed in where one is, confirmed through the app.

use domain::{Error, Fault};
use rpc::boundary::{Page, PageRequest};
use service::Service;
use service::accounts::deactivation;

use super::{form, page};

pub(super) const PATH: &str = "/deactivate";

const TITLE: &str = "Delete your account";

const START: &str = "<p>Your messages, contacts, settings and everything else in your account will be deleted. \
     Nobody can bring it back. People keep what you wrote to them.</p>\n\
     <form method=\"post\" action=\"/deactivate\">\n\
     <label>Your phone number, with the country's code<br><input name=\"phone\" type=\"tel\" \
     autocomplete=\"tel\" required></label><br>\n<button>Send a code to my app</button>\n</form>";

const DONE: &str = "<p>The account is deleted. All its devices are signed out.</p>";

/// Without a form, the first step; with a number, the second; with a code, the end.
pub(super) async fn respond(service: &Service, request: PageRequest) -> Page {
    let Some(body) = request.form else { return page(200, TITLE, START) };
    let field = |name| form::field(&body, name);
    if let (Some(id), Some(code)) = (field("id").filter(|id| is_name(id)), field("code")) {
        return match deactivation::confirm(service, id.clone(), &code, request.address).await {
            Ok(()) => page(200, "Your account is deleted", DONE),
            Err(error) => refuse(&error, &second(&id)),
        };
    }
    match deactivation::ask(service, &field("phone").unwrap_or_default(), request.address).await {
        Ok(id) => page(200, TITLE, &second(&id)),
        Err(error) => refuse(&error, START),
    }
}

/// Only what this server may have given out goes back into a page.
fn is_name(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn second(id: &str) -> String {
    format!(
        "<p>If the number has an account, a message with a code is in the app now, on every device that is signed \
         in. The code is good for five minutes. <b>With it the account is deleted at once.</b></p>\n\
         <form method=\"post\" action=\"/deactivate\">\n<input name=\"id\" type=\"hidden\" value=\"{id}\">\n\
         <label>Code<br><input name=\"code\" autocomplete=\"off\" required></label><br>\n\
         <button>Delete my account for good</button>\n</form>\n\
         <p>Without a device that is signed in, sign in to the app first.</p>"
    )
}

fn refuse(error: &Error, again: &str) -> Page {
    let (status, why) = match error {
        Error::Fault(fault) if fault.wait_secs().is_some() => (429, "Too many tries. Come back later."),
        Error::Fault(fault) if *fault == Fault::phone_number_invalid() => (400, "That is no phone number."),
        Error::Fault(_) => (400, "The code is wrong, or its time is over."),
        Error::Internal(why) => {
            tracing::error!(%why, "a page failed");
            (500, "The server has a problem. Try again later.")
        }
    };
    page(status, TITLE, &format!("<p><b>{why}</b></p>\n{again}"))
}
