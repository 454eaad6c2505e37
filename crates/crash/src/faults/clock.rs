//! The server's clock jumps while people are connected.

use std::time::Duration;

use super::{Scene, Stage, folder, setup};
use crate::report::Fault;
use crate::shim::Shim;

const HOUR: i64 = 3600;
/// Where the clock stands after each jump, in seconds from the right time: an hour ahead, an hour back, a day
/// ahead, a day back, an hour behind, right again.
const STANDS: &[i64] = &[HOUR, 0, 24 * HOUR, 0, -HOUR, 0];
const BACK: Duration = Duration::from_secs(40);

pub(crate) async fn jumps(stage: &Stage) -> Result<Fault, String> {
    let folder = folder()?;
    let shim = Shim::clock(folder.path())?;
    let mut setup = setup(stage, folder.path());
    setup.environment = shim.environment();
    let mut scene = Scene::begin(stage, setup, Some(folder)).await?;
    let mut back_ms = 0;
    let mut stood = 0;
    for stands in STANDS {
        shim.set(*stands)?;
        if *stands < stood {
            // Identifiers of the server's messages never go back within a session, so an open session cannot tell
            // that the time did: people open their apps again.
            scene.reopen(stage).await?;
        }
        stood = *stands;
        // At least one message under way was written before the jump.
        let when = format!("with the clock moved to {stands} s");
        back_ms = back_ms.max(scene.goes_on(&when, BACK).await?);
        tokio::time::sleep(Duration::from_secs(if stage.full { 5 } else { 1 })).await;
        back_ms = back_ms.max(scene.goes_on(&when, BACK).await?);
    }
    let fault = scene.end(&[]).await?;
    Ok(Fault {
        back_ms,
        note: "+1 h, −1 h, +1 day, −1 day, −1 h, +1 h; new sessions after each step back".to_owned(),
        ..fault
    })
}
