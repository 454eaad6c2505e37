//! `JSONValue` from the domain's own.

use domain::app_config::Json;
use tl_api::{enums, types};

pub fn to_tl(json: &Json) -> enums::JsonValue {
    match json {
        Json::Null => enums::JsonValue::JsonNull,
        Json::Bool(value) => types::JsonBool { value: *value }.into(),
        Json::Number(value) => types::JsonNumber { value: *value }.into(),
        Json::String(value) => types::JsonString { value: (*value).to_owned() }.into(),
        Json::Array(values) => types::JsonArray { value: values.iter().map(to_tl).collect() }.into(),
        Json::Object(fields) => {
            let field = |(key, value): &(&str, Json)| types::JsonObjectValue {
                key: (*key).to_owned(),
                value: to_tl(value),
            };
            types::JsonObject { value: fields.iter().map(field).collect() }.into()
        }
    }
}
