//! `help.getConfig`

use std::collections::BTreeSet;

use domain::{Error, app_config};
use rpc::Cx;
use tl_api::{functions, types};

/// Data centres that clients have built in. This server answers for each of them at the same address.
const DCS: std::ops::RangeInclusive<i32> = 1..=5;

/// Addresses, limits and times that clients go by.
///
/// `this_dc` is the data centre that the client believes it is on: told another one, clients ask again at
/// once and without end.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::help::GetConfig) -> Result<types::Config, Error> {
    let service = cx.service();
    let numbers = app_config::config();
    let now = service.now();
    Ok(types::Config {
        revoke_pm_inbox: numbers.revoke_pm_inbox,
        date: now.wire(),
        expires: now.plus_secs(numbers.lifetime_secs.into()).wire(),
        test_mode: service.config.test_mode,
        this_dc: cx.caller().dc,
        dc_options: dc_options(&cx),
        chat_size_max: numbers.chat_size_max,
        megagroup_size_max: numbers.megagroup_size_max,
        forwarded_count_max: numbers.forwarded_count_max,
        online_update_period_ms: numbers.online_update_period_ms,
        offline_blur_timeout_ms: numbers.offline_blur_timeout_ms,
        offline_idle_timeout_ms: numbers.offline_idle_timeout_ms,
        online_cloud_timeout_ms: numbers.online_cloud_timeout_ms,
        notify_cloud_delay_ms: numbers.notify_cloud_delay_ms,
        notify_default_delay_ms: numbers.notify_default_delay_ms,
        push_chat_period_ms: numbers.push_chat_period_ms,
        push_chat_limit: numbers.push_chat_limit,
        edit_time_limit: numbers.edit_time_limit,
        revoke_time_limit: numbers.revoke_time_limit,
        revoke_pm_time_limit: numbers.revoke_pm_time_limit,
        rating_e_decay: numbers.rating_e_decay,
        stickers_recent_limit: numbers.stickers_recent_limit,
        channels_read_media_period: numbers.channels_read_media_period,
        call_receive_timeout_ms: numbers.call_receive_timeout_ms,
        call_ring_timeout_ms: numbers.call_ring_timeout_ms,
        call_connect_timeout_ms: numbers.call_connect_timeout_ms,
        call_packet_timeout_ms: numbers.call_packet_timeout_ms,
        me_url_prefix: format!("http://{}/", service.config.address),
        caption_length_max: numbers.caption_length_max,
        message_length_max: numbers.message_length_max,
        webfile_dc_id: cx.caller().dc,
        ..Default::default()
    })
}

/// The data centres that this server answers as.
pub fn dcs(cx: &Cx) -> BTreeSet<i32> {
    DCS.chain([cx.caller().dc, cx.service().config.dc]).collect()
}

/// One fixed, literal address for each data centre: some clients cannot take names, or more than one.
fn dc_options(cx: &Cx) -> Vec<types::DcOption> {
    let address = cx.service().config.address;
    dcs(cx)
        .into_iter()
        .map(|id| types::DcOption {
            ipv6: address.is_ipv6(),
            r#static: true,
            id,
            ip_address: address.ip().to_string(),
            port: address.port().into(),
            ..Default::default()
        })
        .collect()
}
