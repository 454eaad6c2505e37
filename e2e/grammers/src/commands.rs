//! The commands: the library's high-level calls where it has them, raw requests elsewhere.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use grammers_client::Client;
use grammers_client::SignInError;
use grammers_client::client::LoginToken;
use grammers_client::message::{InputMessage, InputReactions};
use grammers_crypto::rsa;
use grammers_mtsender::{AutoSleep, ConnectionParams, InvocationError, SenderPool, UpdatesConfiguration};
use grammers_session::Session;
use grammers_session::storages::MemorySession;
use grammers_session::types::{DcOption, PeerId, PeerRef, UpdateState, UpdatesState};
use grammers_session::updates::UpdatesLike;
use grammers_tl_types as tl;
use num_bigint::BigUint;
use serde_json::{Value, json};
use tl::functions as f;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::{Answer, Driver, Refused, rows};

const COMMANDS: &[&str] = &[
    "add_contact",
    "block",
    "blocked",
    "close",
    "connected",
    "contacts",
    "delete",
    "delete_history",
    "delete_scheduled",
    "dialogs",
    "edit",
    "forward",
    "full_user",
    "get_messages",
    "get_privacy",
    "hello",
    "history",
    "import_contact",
    "kill_session",
    "log_out",
    "mark_unread",
    "me",
    "online",
    "open",
    "pin",
    "pin_dialog",
    "react",
    "read",
    "resolve_phone",
    "resolve_username",
    "save_draft",
    "scheduled",
    "search",
    "search_global",
    "search_people",
    "send",
    "send_code",
    "send_raw",
    "sessions",
    "set_privacy",
    "set_ttl",
    "set_username",
    "sign_in",
    "sign_up",
    "state",
    "typing",
    "unpin",
    "update_profile",
    "walk",
];

/// One client of the library, signed in or not.
pub struct Account {
    client: Client,
    session: Arc<MemorySession>,
    me: std::sync::atomic::AtomicI64,
    code: Mutex<Option<Code>>,
    updates: Mutex<Option<mpsc::Receiver<UpdatesLike>>>,
    reader: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    catch_up: bool,
}

/// What `send_code` left for the next step.
enum Code {
    Token(LoginToken),
    Raw { phone: String, hash: String },
}

impl Account {
    fn me(&self) -> i64 {
        self.me.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn set_me(&self, id: i64) {
        self.me.store(id, std::sync::atomic::Ordering::Relaxed);
    }
}

impl From<InvocationError> for Refused {
    fn from(error: InvocationError) -> Self {
        match error {
            InvocationError::Rpc(e) => {
                // The library splits the number off; the suite wants the server's own text.
                let text = match (e.value, e.name.as_str()) {
                    (Some(n), "FLOOD_WAIT") => format!("FLOOD_WAIT_{n}"),
                    _ => e.name,
                };
                Refused::new("rpc", e.code, text)
            }
            other => Refused::new("network", 0, other.to_string()),
        }
    }
}

fn text<'a>(args: &'a Value, name: &str) -> &'a str {
    args[name].as_str().unwrap_or_default()
}

fn int(args: &Value, name: &str) -> i32 {
    args[name].as_i64().unwrap_or_default() as i32
}

fn flag(args: &Value, name: &str, default: bool) -> bool {
    args[name].as_bool().unwrap_or(default)
}

fn ids(args: &Value) -> Vec<i32> {
    args["ids"].as_array().into_iter().flatten().filter_map(Value::as_i64).map(|i| i as i32).collect()
}

pub async fn run(driver: &Arc<Driver>, request: &Value) -> Answer {
    let name = text(request, "client");
    let args = &request["args"];
    let command = text(request, "cmd");
    match command {
        "hello" => {
            return Ok(json!({"library": "grammers", "version": "0.11.0", "layer": tl::LAYER,
                "transports": ["full"], "commands": COMMANDS}));
        }
        "open" => return open(driver, name, args).await,
        _ => {}
    }
    let account = driver.clients.lock().await.get(name).cloned();
    let Some(account) = account else {
        return Err(Refused::new("driver", 0, format!("no client {name}")));
    };
    match command {
        "close" => close(driver, name, &account).await,
        "connected" => Ok(json!(true)),
        "send_code" | "sign_in" | "sign_up" | "me" | "log_out" | "sessions" | "kill_session"
        | "update_profile" | "set_username" | "online" | "get_privacy" | "set_privacy" | "state" => {
            account_command(driver, name, &account, command, args).await
        }
        "import_contact" | "add_contact" | "contacts" | "search_people" | "resolve_username"
        | "resolve_phone" | "full_user" | "block" | "blocked" => people(&account, command, args).await,
        "send" | "send_raw" | "edit" | "delete" | "delete_history" | "forward" | "read" | "typing"
        | "react" | "pin" | "unpin" | "set_ttl" => write(&account, command, args).await,
        "history" | "walk" | "get_messages" | "search" | "search_global" | "dialogs" | "scheduled" => {
            read(&account, command, args).await
        }
        "save_draft" | "mark_unread" | "pin_dialog" | "delete_scheduled" => {
            settings(&account, command, args).await
        }
        _ => Err(Refused::new("unsupported", 0, format!("grammers has no {command}"))),
    }
}

// Connections.

async fn open(driver: &Arc<Driver>, name: &str, args: &Value) -> Answer {
    let server = &args["server"];
    let host: Ipv4Addr = text(server, "host").parse().expect("the suite gives an IPv4 address");
    let address = SocketAddrV4::new(host, int(server, "port") as u16);
    let dc = int(server, "dc");
    let session = match args["session"].as_str() {
        Some(key) => {
            let mut sessions = driver.sessions.lock().await;
            Arc::clone(sessions.entry(key.to_owned()).or_default())
        }
        None => Arc::new(MemorySession::default()),
    };
    let known = session.dc_option(dc).ok().flatten().and_then(|option| option.auth_key);
    let key = match known {
        Some(key) => key,
        None => {
            let modulus =
                BigUint::parse_bytes(text(server, "modulus").as_bytes(), 16).expect("a hex modulus");
            let key = rsa::Key::new(&modulus.to_string(), "65537").expect("a decimal modulus");
            let fingerprint = text(server, "fingerprint").parse().expect("a decimal fingerprint");
            crate::handshake::auth_key(SocketAddr::V4(address), fingerprint, &key)
                .await
                .map_err(|e| Refused::new("network", 0, e.to_string()))?
        }
    };
    for id in 1..=5 {
        let option = DcOption {
            id,
            ipv4: address,
            ipv6: SocketAddrV6::new(host.to_ipv6_mapped(), address.port(), 0, 0),
            auth_key: (id == dc).then_some(key),
        };
        session.set_dc_option(&option).await.map_err(broken)?;
    }
    session.set_home_dc_id(dc).await.map_err(broken)?;
    let params = ConnectionParams {
        device_model: args["device"].as_str().unwrap_or("e2e").to_owned(),
        retry_policy: Box::new(AutoSleep { threshold: Duration::ZERO, ..AutoSleep::default() }),
        ..ConnectionParams::default()
    };
    let SenderPool { runner, handle, updates } =
        SenderPool::with_configuration(Arc::clone(&session), 1, params);
    tokio::spawn(runner.run());
    let account = Arc::new(Account {
        client: Client::new(handle),
        session,
        me: 0.into(),
        code: Mutex::default(),
        updates: Mutex::new(Some(updates)),
        reader: Mutex::default(),
        catch_up: flag(args, "catch_up", false),
    });
    driver.clients.lock().await.insert(name.to_owned(), Arc::clone(&account));
    if !account.client.is_authorized().await? {
        return Ok(json!({"authorized": false, "me": null}));
    }
    let me = signed_in(driver, name, &account).await?;
    Ok(json!({"authorized": true, "me": me}))
}

fn broken(error: impl std::fmt::Debug) -> Refused {
    Refused::new("driver", 0, format!("{error:?}"))
}

/// Notes who is signed in and starts reading updates.
async fn signed_in(driver: &Arc<Driver>, name: &str, account: &Arc<Account>) -> Answer {
    let me = account.client.get_me().await?;
    account.set_me(me.raw.id());
    let configuration = UpdatesConfiguration { catch_up: account.catch_up };
    if let Some(updates) = account.updates.lock().await.take() {
        let mut stream = account.client.stream_updates(updates, configuration).await.map_err(broken)?;
        let (stop, mut stopped) = oneshot::channel();
        let (lines, name, self_id) = (driver.lines.clone(), name.to_owned(), me.raw.id());
        let task = tokio::spawn(async move {
            loop {
                let update = tokio::select! {
                    update = stream.next_raw() => update,
                    _ = &mut stopped => break,
                };
                match update {
                    Ok((update, _, _)) => {
                        let (event, mut row) = rows::event(&update, self_id);
                        row["event"] = json!(event);
                        row["client"] = json!(name);
                        // The suite may have gone.
                        let _ = lines.send(row);
                    }
                    Err(e) => {
                        eprintln!("grammers updates: {e}");
                        if matches!(e, InvocationError::Rpc(_) | InvocationError::Dropped(_)) {
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                }
            }
            if let Err(e) = stream.sync_update_state().await {
                eprintln!("grammers state: {e}");
            }
        });
        *account.reader.lock().await = Some((stop, task));
    }
    Ok(rows::user(&me.raw))
}

async fn close(driver: &Arc<Driver>, name: &str, account: &Account) -> Answer {
    driver.clients.lock().await.remove(name);
    if let Some((stop, task)) = account.reader.lock().await.take() {
        let _ = stop.send(());
        // The reader keeps the update state as its last act.
        let _ = tokio::time::timeout(Duration::from_secs(5), task).await;
    }
    account.client.disconnect();
    Ok(Value::Null)
}

// Accounts.

async fn account_command(
    driver: &Arc<Driver>,
    name: &str,
    account: &Arc<Account>,
    command: &str,
    args: &Value,
) -> Answer {
    let c = &account.client;
    match command {
        "send_code" => {
            let phone = text(args, "phone");
            // The library hides the hash in its token, and signing up needs the hash.
            let (code, kind) = if flag(args, "for_sign_up", false) {
                let (hash, kind) = sent_code(c, phone).await?;
                (Code::Raw { phone: phone.to_owned(), hash }, kind)
            } else {
                (Code::Token(c.request_login_code(phone, &"a".repeat(32)).await?), String::new())
            };
            *account.code.lock().await = Some(code);
            Ok(json!({"hash": null, "type": kind}))
        }
        "sign_in" => {
            let code = account.code.lock().await;
            let token = match code.as_ref() {
                Some(Code::Token(token)) => token,
                Some(Code::Raw { phone, hash }) => return raw_sign_in(c, phone, hash, args).await,
                None => return Err(Refused::new("driver", 0, "no code was asked for")),
            };
            match c.sign_in(token, text(args, "code")).await {
                Ok(_) => Ok(json!({"user": signed_in(driver, name, account).await?})),
                Err(SignInError::SignUpRequired) => Ok(json!({"sign_up_required": true})),
                // The library tells no more of the PHONE_CODE errors.
                Err(SignInError::InvalidCode) => Err(Refused::new("rpc", 400, "PHONE_CODE_INVALID")),
                Err(SignInError::Other(e)) => Err(e.into()),
                Err(e) => Err(Refused::new("rpc", 0, e.to_string())),
            }
        }
        "sign_up" => {
            let code = account.code.lock().await.take();
            let Some(Code::Raw { phone, hash }) = code else {
                return Err(Refused::new("driver", 0, "ask for the code with for_sign_up"));
            };
            let request = f::auth::SignUp {
                no_joined_notifications: false,
                phone_number: phone,
                phone_code_hash: hash,
                first_name: text(args, "first").into(),
                last_name: text(args, "last").into(),
            };
            c.invoke(&request).await?;
            // As the library does after a sign-in.
            let tl::enums::updates::State::State(s) = c.invoke(&f::updates::GetState {}).await?;
            let state =
                UpdatesState { pts: s.pts, qts: s.qts, date: s.date, seq: s.seq, channels: Vec::new() };
            account.session.set_update_state(UpdateState::All(state)).await.map_err(broken)?;
            Ok(json!({"user": signed_in(driver, name, account).await?}))
        }
        "me" => Ok(rows::user(&c.get_me().await?.raw)),
        "log_out" => {
            c.sign_out().await?;
            close(driver, name, account).await?;
            Ok(json!(true))
        }
        "sessions" => {
            let tl::enums::account::Authorizations::Authorizations(list) =
                c.invoke(&f::account::GetAuthorizations {}).await?;
            let rows = list.authorizations.iter().map(|tl::enums::Authorization::Authorization(a)| {
                json!({"hash": a.hash.to_string(), "current": a.current, "device": a.device_model})
            });
            Ok(rows.collect())
        }
        "kill_session" => {
            let hash = text(args, "hash").parse().expect("a decimal hash");
            Ok(json!(c.invoke(&f::account::ResetAuthorization { hash }).await?))
        }
        "update_profile" => {
            let part = |name: &str| args[name].as_str().map(str::to_owned);
            let request = f::account::UpdateProfile {
                first_name: part("first"),
                last_name: part("last"),
                about: part("about"),
            };
            Ok(rows::user(&c.invoke(&request).await?))
        }
        "set_username" => {
            let request = f::account::UpdateUsername { username: text(args, "username").into() };
            Ok(rows::user(&c.invoke(&request).await?))
        }
        "online" => {
            let offline = !flag(args, "online", true);
            Ok(json!(c.invoke(&f::account::UpdateStatus { offline }).await?))
        }
        "get_privacy" => {
            let key = privacy_key(args);
            Ok(rules(c.invoke(&f::account::GetPrivacy { key }).await?))
        }
        "set_privacy" => {
            let rule = match text(args, "rule") {
                "everybody" => tl::enums::InputPrivacyRule::InputPrivacyValueAllowAll,
                "contacts" => tl::enums::InputPrivacyRule::InputPrivacyValueAllowContacts,
                _ => tl::enums::InputPrivacyRule::InputPrivacyValueDisallowAll,
            };
            let request = f::account::SetPrivacy { key: privacy_key(args), rules: vec![rule] };
            Ok(rules(c.invoke(&request).await?))
        }
        _ => {
            let tl::enums::updates::State::State(s) = c.invoke(&f::updates::GetState {}).await?;
            Ok(json!({"pts": s.pts, "qts": s.qts, "date": s.date, "seq": s.seq}))
        }
    }
}

/// The first step of signing up, which the library leaves to official apps.
async fn raw_sign_in(c: &Client, phone: &str, hash: &str, args: &Value) -> Answer {
    let request = f::auth::SignIn {
        phone_number: phone.into(),
        phone_code_hash: hash.into(),
        phone_code: Some(text(args, "code").into()),
        email_verification: None,
    };
    match c.invoke(&request).await? {
        tl::enums::auth::Authorization::SignUpRequired(_) => Ok(json!({"sign_up_required": true})),
        tl::enums::auth::Authorization::Authorization(_) => {
            Err(Refused::new("driver", 0, "the phone number is registered already"))
        }
    }
}

async fn sent_code(c: &Client, phone: &str) -> Result<(String, String), Refused> {
    let settings = tl::types::CodeSettings {
        allow_flashcall: false,
        current_number: false,
        allow_app_hash: false,
        allow_missed_call: false,
        allow_firebase: false,
        unknown_number: false,
        logout_tokens: None,
        token: None,
        app_sandbox: None,
    };
    let request = f::auth::SendCode {
        phone_number: phone.into(),
        api_id: 1,
        api_hash: "a".repeat(32),
        settings: settings.into(),
    };
    match c.invoke(&request).await? {
        tl::enums::auth::SentCode::Code(code) => {
            let kind = format!("{:?}", code.r#type);
            Ok((code.phone_code_hash, kind.split('(').next().unwrap_or_default().to_owned()))
        }
        _ => Err(Refused::new("client", 0, "not a sent code")),
    }
}

fn privacy_key(args: &Value) -> tl::enums::InputPrivacyKey {
    match text(args, "key") {
        "phone" => tl::enums::InputPrivacyKey::PhoneNumber,
        "messages" => tl::enums::InputPrivacyKey::NoPaidMessages,
        _ => tl::enums::InputPrivacyKey::StatusTimestamp,
    }
}

fn rules(answer: tl::enums::account::PrivacyRules) -> Value {
    let tl::enums::account::PrivacyRules::Rules(answer) = answer;
    let rows = answer.rules.iter().map(|rule| match rule {
        tl::enums::PrivacyRule::PrivacyValueAllowAll => "everybody",
        tl::enums::PrivacyRule::PrivacyValueAllowContacts => "contacts",
        tl::enums::PrivacyRule::PrivacyValueDisallowAll => "nobody",
        _ => "other",
    });
    rows.collect()
}

// People.

async fn peer(account: &Account, args: &Value, name: &str) -> Result<PeerRef, Refused> {
    let Some(id) = args[name].as_i64() else {
        return Ok(PeerId::self_user().to_ambient_ref());
    };
    let id = PeerId::user(id).ok_or_else(|| Refused::new("client", 0, "not a user id"))?;
    let found = account.session.peer_ref(id).await.map_err(broken)?;
    found.ok_or_else(|| Refused::new("client", 0, "the library has not seen that user"))
}

fn users(list: &[tl::enums::User]) -> Value {
    list.iter().map(rows::user).collect()
}

/// Raw answers bypass the library's cache of access hashes; this keeps it filled.
async fn remember(account: &Account, list: &[tl::enums::User]) -> Result<(), Refused> {
    for user in list {
        let tl::enums::User::User(user) = user else { continue };
        let peer = grammers_client::peer::User::from_raw(&account.client, user.clone().into());
        let info = grammers_session::types::PeerInfo::User {
            id: user.id,
            auth: user.access_hash.map(grammers_session::types::PeerAuth::from_hash),
            bot: Some(peer.is_bot()),
            is_self: Some(user.is_self),
        };
        account.session.cache_peer(info).await.map_err(broken)?;
    }
    Ok(())
}

async fn people(account: &Account, command: &str, args: &Value) -> Answer {
    let c = &account.client;
    match command {
        "import_contact" => {
            let contact = tl::types::InputPhoneContact {
                client_id: 1,
                phone: text(args, "phone").into(),
                first_name: text(args, "first").into(),
                last_name: text(args, "last").into(),
                note: None,
            };
            let tl::enums::contacts::ImportedContacts::Contacts(answer) =
                c.invoke(&f::contacts::ImportContacts { contacts: vec![contact.into()] }).await?;
            remember(account, &answer.users).await?;
            let imported: Vec<i64> =
                answer.imported.iter().map(|tl::enums::ImportedContact::Contact(c)| c.user_id).collect();
            let found = answer.users.iter().filter(|user| imported.contains(&user.id()));
            Ok(found.map(rows::user).collect())
        }
        "add_contact" => {
            let request = f::contacts::AddContact {
                add_phone_privacy_exception: false,
                id: peer(account, args, "peer").await?.into(),
                first_name: text(args, "first").into(),
                last_name: text(args, "last").into(),
                phone: text(args, "phone").into(),
                note: None,
            };
            match c.invoke(&request).await? {
                tl::enums::Updates::Updates(u) => Ok(rows::user(&u.users[0])),
                _ => Err(Refused::new("client", 0, "not updates")),
            }
        }
        "contacts" => match c.invoke(&f::contacts::GetContacts { hash: 0 }).await? {
            tl::enums::contacts::Contacts::Contacts(list) => {
                remember(account, &list.users).await?;
                Ok(users(&list.users))
            }
            tl::enums::contacts::Contacts::NotModified => Err(Refused::new("client", 0, "not modified")),
        },
        "search_people" => {
            let request =
                f::contacts::Search { broadcasts: false, bots: false, q: text(args, "q").into(), limit: 20 };
            let tl::enums::contacts::Found::Found(found) = c.invoke(&request).await?;
            Ok(users(&found.users))
        }
        "resolve_username" => match c.resolve_username(text(args, "username")).await? {
            Some(grammers_client::peer::Peer::User(user)) => Ok(rows::user(&user.raw)),
            _ => Err(Refused::new("client", 0, "USERNAME_NOT_OCCUPIED")),
        },
        "resolve_phone" => {
            let request = f::contacts::ResolvePhone { phone: text(args, "phone").into() };
            let tl::enums::contacts::ResolvedPeer::Peer(found) = c.invoke(&request).await?;
            remember(account, &found.users).await?;
            Ok(rows::user(&found.users[0]))
        }
        "full_user" => {
            let id = peer(account, args, "peer").await?.into();
            let tl::enums::users::UserFull::Full(answer) = c.invoke(&f::users::GetFullUser { id }).await?;
            let tl::enums::UserFull::Full(full) = answer.full_user;
            Ok(json!({"about": full.about, "blocked": full.blocked, "pinned": full.pinned_msg_id,
                "ttl": full.ttl_period}))
        }
        "block" => {
            let id = peer(account, args, "peer").await?.into();
            let done = if flag(args, "blocked", true) {
                c.invoke(&f::contacts::Block { my_stories_from: false, id }).await?
            } else {
                c.invoke(&f::contacts::Unblock { my_stories_from: false, id }).await?
            };
            Ok(json!(done))
        }
        _ => {
            let request = f::contacts::GetBlocked { my_stories_from: false, offset: 0, limit: 100 };
            let list = match c.invoke(&request).await? {
                tl::enums::contacts::Blocked::Blocked(b) => b.blocked,
                tl::enums::contacts::Blocked::Slice(b) => b.blocked,
            };
            let rows = list.iter().map(|tl::enums::PeerBlocked::Blocked(b)| rows::user_id(&b.peer_id));
            Ok(rows.collect())
        }
    }
}

// Messages.

fn entities(args: &Value) -> Vec<tl::enums::MessageEntity> {
    let rows = args["entities"].as_array().into_iter().flatten();
    rows.map(|e| {
        let (offset, length) = (int(e, "offset"), int(e, "length"));
        match text(e, "type") {
            "bold" => tl::types::MessageEntityBold { offset, length }.into(),
            "italic" => tl::types::MessageEntityItalic { offset, length }.into(),
            "strike" => tl::types::MessageEntityStrike { offset, length }.into(),
            "underline" => tl::types::MessageEntityUnderline { offset, length }.into(),
            "spoiler" => tl::types::MessageEntitySpoiler { offset, length }.into(),
            _ => tl::types::MessageEntityCode { offset, length }.into(),
        }
    })
    .collect()
}

async fn write(account: &Account, command: &str, args: &Value) -> Answer {
    let c = &account.client;
    let id = int(args, "id");
    match command {
        "send" => {
            let mut message = InputMessage::new()
                .text(text(args, "text"))
                .fmt_entities(entities(args))
                .silent(flag(args, "silent", false))
                .reply_to(args["reply_to"].as_i64().map(|i| i as i32));
            if let Some(seconds) = args["schedule_in"].as_u64() {
                message = message.schedule_date(Some(SystemTime::now() + Duration::from_secs(seconds)));
            }
            let sent = c.send_message(peer(account, args, "peer").await?, message).await?;
            Ok(rows::message(&sent.raw, account.me()))
        }
        "send_raw" => send_raw(account, args).await,
        "edit" => {
            let to = peer(account, args, "peer").await?;
            c.edit_message(to, id, InputMessage::new().text(text(args, "text"))).await?;
            let found = c.get_messages_by_id(to, &[id]).await?;
            match found.into_iter().next().flatten() {
                Some(message) => Ok(rows::message(&message.raw, account.me())),
                None => Err(Refused::new("client", 0, "the edited message is gone")),
            }
        }
        "delete" if flag(args, "revoke", true) => {
            let count = c.delete_messages(peer(account, args, "peer").await?, &ids(args)).await?;
            Ok(json!({"pts_count": count}))
        }
        "delete" => {
            let request = f::messages::DeleteMessages { revoke: false, id: ids(args) };
            let tl::enums::messages::AffectedMessages::Messages(m) = c.invoke(&request).await?;
            Ok(json!({"pts_count": m.pts_count}))
        }
        "delete_history" => {
            let request = f::messages::DeleteHistory {
                just_clear: flag(args, "just_clear", false),
                revoke: flag(args, "revoke", false),
                peer: peer(account, args, "peer").await?.into(),
                max_id: 0,
                min_date: None,
                max_date: None,
            };
            c.invoke(&request).await?;
            Ok(Value::Null)
        }
        "forward" => {
            let (from, to) = (peer(account, args, "source").await?, peer(account, args, "to").await?);
            let sent = c.forward_messages(to, &ids(args), from).await?;
            Ok(sent.iter().flatten().map(|m| rows::message(&m.raw, account.me())).collect())
        }
        "read" if int(args, "max_id") == 0 => {
            c.mark_as_read(peer(account, args, "peer").await?).await?;
            Ok(Value::Null)
        }
        "read" => {
            let peer = peer(account, args, "peer").await?.into();
            c.invoke(&f::messages::ReadHistory { peer, max_id: int(args, "max_id") }).await?;
            Ok(Value::Null)
        }
        "typing" => {
            let sender = c.action(peer(account, args, "peer").await?);
            match text(args, "action") {
                "cancel" => sender.cancel().await?,
                _ => sender.oneshot(tl::enums::SendMessageAction::SendMessageTypingAction).await?,
            }
            Ok(json!(true))
        }
        "react" => {
            let reaction = match args["emoji"].as_str() {
                Some(emoji) => InputReactions::emoticon(emoji),
                None => InputReactions::remove(),
            };
            c.send_reactions(peer(account, args, "peer").await?, id, reaction).await?;
            Ok(Value::Null)
        }
        "pin" if flag(args, "both", true) => {
            c.pin_message(peer(account, args, "peer").await?, id).await?;
            Ok(Value::Null)
        }
        "pin" => {
            let request = f::messages::UpdatePinnedMessage {
                silent: true,
                unpin: false,
                pm_oneside: true,
                peer: peer(account, args, "peer").await?.into(),
                id,
            };
            c.invoke(&request).await?;
            Ok(Value::Null)
        }
        "unpin" => {
            c.unpin_message(peer(account, args, "peer").await?, id).await?;
            Ok(Value::Null)
        }
        _ => {
            let peer = peer(account, args, "peer").await?.into();
            c.invoke(&f::messages::SetHistoryTtl { peer, period: int(args, "period") }).await?;
            Ok(Value::Null)
        }
    }
}

async fn send_raw(account: &Account, args: &Value) -> Answer {
    let request = f::messages::SendMessage {
        no_webpage: true,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer: peer(account, args, "peer").await?.into(),
        reply_to: None,
        message: text(args, "text").into(),
        random_id: text(args, "random_id").parse().expect("a decimal random_id"),
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    };
    let tl::enums::Updates::Updates(answer) = account.client.invoke(&request).await? else {
        return Err(Refused::new("client", 0, "not updates"));
    };
    let mut ids = Vec::new();
    let mut pts = None;
    for update in &answer.updates {
        match update {
            tl::enums::Update::MessageId(u) => ids.push(u.id),
            tl::enums::Update::NewMessage(u) => pts = Some(u.pts),
            _ => {}
        }
    }
    Ok(json!({"id": ids.first(), "pts": pts, "ids": ids}))
}

fn messages(answer: tl::enums::messages::Messages) -> Vec<tl::enums::Message> {
    match answer {
        tl::enums::messages::Messages::Messages(m) => m.messages,
        tl::enums::messages::Messages::Slice(m) => m.messages,
        tl::enums::messages::Messages::ChannelMessages(m) => m.messages,
        tl::enums::messages::Messages::NotModified(_) => Vec::new(),
    }
}

async fn read(account: &Account, command: &str, args: &Value) -> Answer {
    let c = &account.client;
    let me = account.me();
    let limit = args["limit"].as_u64().unwrap_or(100) as usize;
    let mut found = Vec::new();
    match command {
        "history" => {
            let request = f::messages::GetHistory {
                peer: peer(account, args, "peer").await?.into(),
                offset_id: int(args, "offset_id"),
                offset_date: int(args, "offset_date"),
                add_offset: int(args, "add_offset"),
                limit: limit as i32,
                max_id: int(args, "max_id"),
                min_id: int(args, "min_id"),
                hash: 0,
            };
            let answer = messages(c.invoke(&request).await?);
            found.extend(answer.iter().map(|m| rows::message(m, me)));
        }
        "walk" => {
            let iter = c.iter_messages(peer(account, args, "peer").await?);
            let mut iter = iter.reverse(flag(args, "reverse", false));
            while let Some(m) = iter.next().await? {
                found.push(rows::message(&m.raw, me));
            }
        }
        "get_messages" => {
            for m in c.get_messages_by_id(peer(account, args, "peer").await?, &ids(args)).await? {
                let known = m.filter(|m| !matches!(m.raw, tl::enums::Message::Empty(_)));
                found.push(known.map_or(Value::Null, |m| rows::message(&m.raw, me)));
            }
        }
        "search" => {
            let iter = c.search_messages(peer(account, args, "peer").await?).query(text(args, "q"));
            let mut iter = iter.limit(limit);
            while let Some(m) = iter.next().await? {
                found.push(rows::message(&m.raw, me));
            }
        }
        "search_global" => {
            let mut iter = c.search_all_messages().query(text(args, "q")).limit(limit);
            while let Some(m) = iter.next().await? {
                found.push(rows::message(&m.raw, me));
            }
        }
        "scheduled" => {
            let peer = peer(account, args, "peer").await?.into();
            let answer = messages(c.invoke(&f::messages::GetScheduledHistory { peer, hash: 0 }).await?);
            found.extend(answer.iter().map(|m| rows::message(m, me)));
        }
        _ => {
            let mut iter = c.iter_dialogs();
            if let Some(limit) = args["limit"].as_u64() {
                iter = iter.limit(limit as usize);
            }
            while let Some(d) = iter.next().await? {
                let tl::enums::Dialog::Dialog(raw) = &d.raw else { continue };
                found.push(json!({
                    "peer": d.peer_id().bare_id(), "top": raw.top_message, "unread": raw.unread_count,
                    "pinned": raw.pinned, "unread_mark": raw.unread_mark,
                    "read_in": raw.read_inbox_max_id, "read_out": raw.read_outbox_max_id,
                    "draft": raw.draft.as_ref().and_then(rows::draft), "ttl": raw.ttl_period,
                    "last": d.last_message.as_ref().map(|m| m.text().to_owned()),
                }));
            }
        }
    }
    Ok(found.into())
}

async fn settings(account: &Account, command: &str, args: &Value) -> Answer {
    let c = &account.client;
    let peer: tl::enums::InputPeer = peer(account, args, "peer").await?.into();
    let done = match command {
        "save_draft" => {
            let request = f::messages::SaveDraft {
                no_webpage: false,
                invert_media: false,
                reply_to: None,
                peer,
                message: text(args, "text").into(),
                entities: None,
                media: None,
                effect: None,
                suggested_post: None,
                rich_message: None,
            };
            c.invoke(&request).await?
        }
        "mark_unread" => {
            let request = f::messages::MarkDialogUnread {
                unread: flag(args, "unread", true),
                parent_peer: None,
                peer: tl::types::InputDialogPeer { peer }.into(),
            };
            c.invoke(&request).await?
        }
        "pin_dialog" => {
            let request = f::messages::ToggleDialogPin {
                pinned: flag(args, "pinned", true),
                peer: tl::types::InputDialogPeer { peer }.into(),
            };
            c.invoke(&request).await?
        }
        _ => {
            c.invoke(&f::messages::DeleteScheduledMessages { peer, id: ids(args) }).await?;
            true
        }
    };
    Ok(json!(done))
}
