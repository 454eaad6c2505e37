//! Whether every place that takes something of a person was planted: worked out from the schema and the
//! registry, so that a method that is built later cannot be forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Types that are looked at no further, with the reason.
const CLOSED: &[(&str, &str)] = &[
    ("InputMedia", "media are not built: refused, or passed over; one link is planted all the same"),
    ("InputRichMessage", "rich messages are not built: passed over; one is planted all the same"),
    ("ReplyMarkup", "keyboards are for bots: passed over; one is planted all the same"),
    ("RichText", "a part of rich messages"),
    ("RichMessage", "rich messages are not built: passed over"),
];

/// Places that are not planted, with the reason. `*` at the end stands for the rest.
const EXEMPT: &[(&str, &str)] = &[
    (
        "auth.bindTempAuthKey.encrypted_message",
        "encrypted by the client under its permanent key, which is looked for",
    ),
    ("auth.cancelCode.phone_code_hash", "random, from the server"),
    ("auth.resendCode.phone_code_hash", "random, from the server"),
    ("auth.resetLoginEmail.phone_code_hash", "random, from the server"),
    ("auth.signIn.phone_code_hash", "random, from the server"),
    ("auth.signUp.phone_code_hash", "random, from the server"),
    ("emailVerifyPurposeLoginSetup.phone_code_hash", "random, from the server"),
];

type Fields = Vec<(String, String)>;

/// The newest layer of the schema.
struct Schema {
    /// By type: its constructors.
    types: BTreeMap<String, Vec<(String, Fields)>>,
    methods: BTreeMap<String, Fields>,
}

impl Schema {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/api.tl");
        let text = fs::read_to_string(path).unwrap();
        let newest = tl_api::NEWEST_LAYER.to_string();
        let mut schema = Self { types: BTreeMap::new(), methods: BTreeMap::new() };
        let mut in_methods = false;
        for line in text.lines() {
            in_methods |= line == "---functions---";
            let Some((definition, layers)) = line.split_once("; // @ ") else { continue };
            let mut layers = layers.split_whitespace();
            // Of a method that the newest layer has no more, the last form: forms are in the order of layers.
            if !in_methods && !layers.next().is_some_and(|range| range.ends_with(&newest)) {
                continue;
            }
            let gone =
                layers.filter(|layers| layers.contains(':')).filter(|layers| !layers.ends_with(&newest));
            let gone: Vec<&str> = gone.filter_map(|layers| layers.split(':').next()).collect();
            let (left, result) = definition.rsplit_once(" = ").unwrap();
            let mut words = left.split_whitespace();
            let name = words.next().unwrap().split('#').next().unwrap().to_owned();
            let fields = words.filter_map(|word| word.split_once(':'));
            let fields = fields.filter(|(field, _)| !gone.contains(field));
            let fields = fields.map(|(field, kind)| (field.to_owned(), bare(kind).to_owned())).collect();
            if in_methods {
                schema.methods.insert(name, fields);
            } else {
                schema.types.entry(result.to_owned()).or_default().push((name, fields));
            }
        }
        schema
    }

    /// The places for text and bytes that these methods can be given, each with one of the methods.
    fn places(&self, methods: &[&str]) -> BTreeMap<String, String> {
        let mut places = BTreeMap::new();
        for method in methods {
            let mut seen: BTreeSet<&str> = CLOSED.iter().map(|(kind, _)| *kind).collect();
            let fields = self.methods.get(*method);
            let mut open = vec![(*method, fields.unwrap_or_else(|| panic!("{method} is not in the schema")))];
            while let Some((name, fields)) = open.pop() {
                for (field, kind) in fields {
                    if kind == "string" || kind == "bytes" {
                        places.insert(format!("{name}.{field}"), (*method).to_owned());
                    } else if let Some(constructors) = self.types.get(kind)
                        && seen.insert(kind)
                    {
                        open.extend(constructors.iter().map(|(name, fields)| (name.as_str(), fields)));
                    }
                }
            }
        }
        places
    }
}

/// The type of a field without its condition and without lists around it.
fn bare(kind: &str) -> &str {
    let kind = kind.rsplit('?').next().unwrap_or(kind);
    match kind.split_once('<') {
        Some((_, inner)) => bare(inner.trim_end_matches('>')),
        None => kind,
    }
}

fn is_exempt(place: &str) -> bool {
    EXEMPT.iter().any(|(name, _)| match name.strip_suffix('*') {
        Some(beginning) => place.starts_with(beginning),
        None => place == *name,
    })
}

/// Panics with the places of built methods that were not planted.
pub(super) fn check(planted: &[String]) {
    let registry = api::registry();
    let built: Vec<&str> = registry.names().collect();
    let places = Schema::read().places(&built);
    assert!(places.len() > 50, "the schema is read: {}", places.len());
    let missing = places.iter().filter(|(place, _)| !planted.contains(place) && !is_exempt(place));
    let missing: Vec<String> = missing.map(|(place, method)| format!("{place} (of {method})")).collect();
    assert!(
        missing.is_empty(),
        "nothing was planted in these; plant it in features.rs, or say in coverage.rs why not:\n{}",
        missing.join("\n")
    );
    for (name, _) in EXEMPT {
        let known = |place: &String| place.starts_with(name.trim_end_matches('*'));
        assert!(places.keys().any(known), "{name} is no place any more: its exemption can go");
        assert!(!planted.iter().any(known), "{name} is planted: its exemption can go");
    }
}

/// A method with a text is missed when nobody plants it.
#[test]
fn a_place_that_nobody_planted_is_missed() {
    let places = Schema::read().places(&["messages.sendMessage"]);
    for place in
        ["messages.sendMessage.message", "messageEntityTextUrl.url", "inputReplyToMessage.quote_text"]
    {
        assert_eq!(places.get(place).map(String::as_str), Some("messages.sendMessage"), "{place}");
    }
    assert!(std::panic::catch_unwind(|| check(&[])).is_err());
}
