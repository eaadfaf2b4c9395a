//! From what a provider says of a person to a name and a role.

use serde_json::{Map, Value};

use super::OidcError;
use crate::config::OidcEntry;
use crate::serve::accounts::Caller;

/// Longest name, bytes; longer ones are no names.
const NAME_BYTES: usize = 100;

/// What a provider says of a person.
pub type Claims = Map<String, Value>;

/// Returns who it is. What the first claims do not say is looked up in more.
///
/// # Errors
/// [`OidcError::NoRole`], [`OidcError::Unbelievable`], and those of asking for more.
pub fn caller(
    entry: &OidcEntry,
    told: &Claims,
    more: impl FnOnce() -> Result<Claims, OidcError>,
) -> Result<Caller, OidcError> {
    let enough = at(told, &entry.roles_claim).is_some() && at(told, &entry.name_claim).is_some();
    let more = if enough { Claims::new() } else { more()? };
    let find = |path: &str| at(told, path).or_else(|| at(&more, path));
    let name = find(&entry.name_claim).or_else(|| told.get("sub")).and_then(Value::as_str);
    let name = name.map(str::trim).filter(|name| !name.is_empty() && name.len() <= NAME_BYTES);
    let name = name
        .ok_or_else(|| OidcError::Unbelievable(format!("the claim {:?} holds no name", entry.name_claim)))?;
    let groups = find(&entry.roles_claim).map(groups).unwrap_or_default();
    let role = entry.roles.iter().find(|one| groups.contains(&one.group));
    let Some(role) = role else { return Err(OidcError::NoRole { name: name.to_owned(), groups }) };
    let department = role.department.clone();
    Ok(Caller { name: name.to_owned(), role: role.role, department, scopes: None, csrf: None })
}

/// The claim of a name as it is written, else of a path whose steps are parted by dots.
fn at<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let (first, rest) = path.split_once('.')?;
        at(claims.get(first)?.as_object()?, rest)
    })
}

/// Groups as a list, or as one text with spaces or commas.
fn groups(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => {
            text.split([' ', ',']).filter(|one| !one.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::serve::accounts::Role;

    fn entry(claims: &str) -> OidcEntry {
        let text = format!(
            "issuer = \"https://id.example\"\nclient_id = \"f\"\n{claims}\n\
             roles = [{{ group = \"desk\", role = \"duty\" }}, \
             {{ group = \"drains\", role = \"department\", department = \"municipal_drainage\" }}]"
        );
        toml::from_str(&text).unwrap()
    }

    fn who(entry: &OidcEntry, told: &Value, more: &Value) -> Result<Caller, OidcError> {
        let claims = |value: &Value| value.as_object().unwrap().clone();
        caller(entry, &claims(told), || Ok(claims(more)))
    }

    #[test]
    fn the_first_group_that_has_a_role_counts() {
        let told = json!({"sub": "1", "preferred_username": "li", "groups": ["staff", "drains", "desk"]});
        let li = who(&entry(""), &told, &json!({})).unwrap();
        assert_eq!((li.name.as_str(), li.role, li.department), ("li", Role::Duty, None));
        let told = json!({"sub": "1", "preferred_username": "wu", "groups": "staff, drains"});
        let wu = who(&entry(""), &told, &json!({})).unwrap();
        assert_eq!((wu.role, wu.department.as_deref()), (Role::Department, Some("municipal_drainage")));
    }

    #[test]
    fn who_is_in_no_group_gets_nothing_and_is_told_which() {
        let told = json!({"sub": "1", "preferred_username": "eve", "groups": ["guests"]});
        let refused = who(&entry(""), &told, &json!({})).unwrap_err();
        assert_eq!(refused.word(), "no_role");
        assert!(refused.to_string().contains("eve") && refused.to_string().contains("guests"), "{refused}");
        assert_eq!(who(&entry(""), &json!({"sub": "1"}), &json!({})).unwrap_err().word(), "no_role");
    }

    #[test]
    fn claims_may_lie_deeper_and_elsewhere() {
        let deep = entry("roles_claim = \"realm_access.roles\"\nname_claim = \"email\"");
        let told = json!({"sub": "1", "realm_access": {"roles": ["desk"]}});
        let li = who(&deep, &told, &json!({"email": "li@city.example"})).unwrap();
        assert_eq!((li.name.as_str(), li.role), ("li@city.example", Role::Duty));
        let flat = entry("roles_claim = \"https://city.example/groups\"");
        let told = json!({"sub": "1", "preferred_username": "li", "https://city.example/groups": ["desk"]});
        assert!(who(&flat, &told, &json!({})).is_ok());
        let long = json!({"sub": "x".repeat(101), "groups": ["desk"]});
        assert_eq!(who(&entry(""), &long, &json!({})).unwrap_err().word(), "failed");
    }
}
