//! From the start of the process to the first sign-in that it accepts.

use std::process::{Command, Stdio};

use client::{Client, ClientError};
use tl_api::{enums, functions};

use crate::figures::Figure;
use crate::home::{Home, Process};
use crate::line::Door;
use crate::scenarios::{Context, parallel};
use crate::seed::Seed;
use crate::system::micros;

const ACCOUNTS: u32 = 1000;

pub fn run(context: &Context) -> Result<Vec<Figure>, String> {
    let rounds = context.pick(7_usize, 2);
    let runtime = parallel()?;
    let home = context.home()?;
    let people = runtime.block_on(async {
        let mut seed = Seed::open(&home.store()?)?;
        seed.people(ACCOUNTS).await?;
        let strangers = seed.strangers(u32::try_from(rounds).unwrap_or(1) + 1).await?;
        seed.close();
        Ok::<_, String>(strangers)
    })?;
    // The first start makes the server's key: not what is measured.
    start_and_sign_in(context, &runtime, &home, &people[0].phone, false)?;
    let mut times = Vec::new();
    for person in &people[1..] {
        times.push(start_and_sign_in(context, &runtime, &home, &person.phone, false)?);
    }
    let mut fresh = Vec::new();
    for _ in 0..context.pick(3, 1) {
        fresh.push(start_and_sign_in(context, &runtime, &context.home()?, "+12015550123", true)?);
    }
    let mut bare = Vec::new();
    for _ in 0..5 {
        let begin = micros();
        let ended = Command::new(&context.server).arg("--version").stdout(Stdio::null()).status();
        ended.map_err(|why| why.to_string())?;
        bare.push(micros() - begin);
    }
    let what = format!(
        "existing data folder with {ACCOUNTS} accounts: start of the process, then a new device of an existing account \
         exchanges a key, asks for a code and signs in; median of {rounds}"
    );
    Ok(vec![
        Figure::lower("cold_start_ms", median(&mut times), "ms", &what)
            .against(median(&mut bare), "the same binary, `--version`"),
        Figure::lower(
            "cold_start_fresh_ms",
            median(&mut fresh),
            "ms",
            "empty folder: tables, root key and the server's RSA key are made, then the first account signs up",
        ),
    ])
}

fn median(micros: &mut [i64]) -> f64 {
    micros.sort_unstable();
    micros.get(micros.len() / 2).copied().unwrap_or_default() as f64 / 1000.0
}

/// Microseconds. The codes are read from the server's output, which is looked at each millisecond.
fn start_and_sign_in(
    context: &Context,
    runtime: &tokio::runtime::Runtime,
    home: &Home,
    phone: &str,
    is_new: bool,
) -> Result<i64, String> {
    let begin = micros();
    let server = context.start(home)?;
    runtime.block_on(sign_in(&server, phone, is_new))?;
    let spent = micros() - begin;
    server.stop()?;
    Ok(spent)
}

async fn sign_in(server: &Process, phone: &str, is_new: bool) -> Result<(), String> {
    let failed = |why: ClientError| format!("sign-in: {why}");
    let client = Client::connect(Door::new(server)?.config, None).await.map_err(failed)?;
    let request = functions::auth::SendCode { phone_number: phone.to_owned(), ..Default::default() };
    let enums::auth::SentCode::SentCode(sent) = client.invoke(&request).await.map_err(failed)? else {
        return Err("signed in without a code".to_owned());
    };
    let request = functions::auth::SignIn {
        phone_number: phone.to_owned(),
        phone_code_hash: sent.phone_code_hash.clone(),
        phone_code: Some(server.code(phone).await?),
        ..Default::default()
    };
    let mut answer = client.invoke(&request).await.map_err(failed)?;
    if is_new {
        let request = functions::auth::SignUp {
            phone_number: phone.to_owned(),
            phone_code_hash: sent.phone_code_hash,
            first_name: "First".to_owned(),
            ..Default::default()
        };
        answer = client.invoke(&request).await.map_err(failed)?;
    }
    match answer {
        enums::auth::Authorization::Authorization(_) => Ok(()),
        _ => Err("the sign-in was not accepted".to_owned()),
    }
}
