//! From the names of TL to those of Rust.

/// `messages.sendMessage` -> (`messages`, `sendMessage`); no namespace is an empty one.
pub(crate) fn split(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or(("", name))
}

/// `sendMessage` -> `SendMessage`, `JSONValue` -> `JsonValue`, `p_q_inner` -> `PQInner`.
pub(crate) fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = true;
    let chars: Vec<char> = name.replace("IDs", "Ids").chars().collect();
    for (index, &c) in chars.iter().enumerate() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            // Inside a run of capitals only the last one starts a word: HTTPWait -> HttpWait.
            let run = c.is_ascii_uppercase()
                && chars[index - 1].is_ascii_uppercase()
                && chars.get(index + 1).is_none_or(|next| !next.is_ascii_lowercase());
            out.push(if run { c.to_ascii_lowercase() } else { c });
        }
    }
    out
}

/// `sendMessage` -> `send_message`
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for c in pascal(name).chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// A field's name as an identifier; `self` cannot be one, not even a raw one.
pub(crate) fn field(name: &str) -> String {
    match name {
        "self" => "is_self".to_owned(),
        "type" | "final" | "static" | "loop" | "default" | "ref" | "move" | "match" | "mod" | "use"
        | "in" | "for" | "where" | "impl" | "fn" | "box" | "abstract" | "override" | "return" => {
            format!("r#{name}")
        }
        _ => name.to_ascii_lowercase(),
    }
}

/// A constructor's name as a variant of its type: without the words it shares with the type's front.
///
/// `inputPeerChat` of `InputPeer` is `Chat`; `inputPeerSelf` is `PeerSelf`, as `Self` is taken.
pub(crate) fn variant(constructor: &str, ty: &str) -> String {
    let name = pascal(split(constructor).1);
    let ty = pascal(split(ty).1);
    match name.strip_prefix(&ty) {
        Some("Self") => {
            let start = ty.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or(0);
            name[start..].to_owned()
        }
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => rest.to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(pascal("sendMessage"), "SendMessage");
        assert_eq!(pascal("JSONValue"), "JsonValue");
        assert_eq!(pascal("accountDaysTTL"), "AccountDaysTtl");
        assert_eq!(pascal("inputPhoneContact"), "InputPhoneContact");
        assert_eq!(snake("getPeerMaxIDs"), "get_peer_max_ids");
        assert_eq!(field("self"), "is_self");
        assert_eq!(variant("inputPeerSelf", "InputPeer"), "PeerSelf");
        assert_eq!(variant("messageEmpty", "Message"), "Empty");
        assert_eq!(variant("message", "Message"), "Message");
        assert_eq!(variant("messages.messagesSlice", "messages.Messages"), "Slice");
        assert_eq!(variant("updateShort", "Updates"), "UpdateShort");
        assert_eq!(variant("jsonNull", "JSONValue"), "JsonNull");
    }
}
