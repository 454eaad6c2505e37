//! `auth.loginToken` from what became of a token.

use domain::Error;
use rpc::Cx;
use service::accounts::login_token::Outcome;
use tl_api::{enums, types};

use super::authorization;

pub async fn to_tl(cx: &Cx, outcome: Outcome) -> Result<enums::auth::LoginToken, Error> {
    match outcome {
        Outcome::Show { token, expires_at } => {
            Ok(types::auth::LoginToken { expires: expires_at.wire(), token }.into())
        }
        Outcome::SignedIn(user) => {
            let authorization = authorization::to_tl(cx, user).await?;
            Ok(types::auth::LoginTokenSuccess { authorization }.into())
        }
    }
}
