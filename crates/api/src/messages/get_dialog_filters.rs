//! `messages.getDialogFilters`

use domain::Error;
use rpc::Cx;
use rpc::answer::Since;
use tl_api::{enums, functions, types};

/// The folders of the dialog list: there is the one with everything, which clients expect to find.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetDialogFilters,
) -> Result<Since<types::messages::DialogFilters, Vec<enums::DialogFilter>>, Error> {
    let filters = vec![enums::DialogFilter::Default];
    let newest = types::messages::DialogFilters { filters: filters.clone(), ..Default::default() };
    Ok(Since { since: 181, newest, older: filters })
}
