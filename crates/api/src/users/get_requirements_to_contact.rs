//! `users.getRequirementsToContact`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions};

use super::get_is_premium_required_to_contact::refuse;

/// What each of the people asks of the caller before they may write, in the order asked for.
///
/// Errors: `USER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::users::GetRequirementsToContact,
) -> Result<Vec<enums::RequirementToContact>, Error> {
    let refuse = refuse(&cx, request.id).await?;
    let one = |refuses: &bool| match refuses {
        true => enums::RequirementToContact::Premium,
        false => enums::RequirementToContact::Empty,
    };
    Ok(refuse.iter().map(one).collect())
}
