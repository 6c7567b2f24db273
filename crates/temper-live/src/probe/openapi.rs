use serde_json::Value;

/// Where frameworks serve their OpenAPI document: FastAPI, Swagger UI, springdoc.
pub(super) const PATHS: [&str; 3] = ["/openapi.json", "/swagger.json", "/v3/api-docs"];

/// More paths than this are not asked.
const MOST: usize = 20;

/// Words in a path or operation that tell of more than reading, whatever the method promises.
const ACTS: [&str; 10] =
    ["shutdown", "restart", "reload", "delete", "remove", "logout", "kill", "reset", "stop", "exit"];

/// The paths of an OpenAPI 2 or 3 document that can be asked with GET and without any parameter, in its order; `None`
/// when it is no such document.
pub(super) fn paths(document: &Value) -> Option<Vec<String>> {
    document.get("openapi").or_else(|| document.get("swagger"))?.as_str()?;
    let base = base_path(document);
    let all = document.get("paths")?.as_object()?.iter();
    let plain = all.filter(|(path, item)| {
        path.starts_with('/') && !path.contains(['{', '?', '#']) && is_plain(path, item)
    });
    Some(plain.map(|(path, _)| format!("{base}{path}")).take(MOST).collect())
}

/// `basePath` of version 2, the path of the first server of version 3.
fn base_path(document: &Value) -> String {
    let server = document.pointer("/servers/0/url").or_else(|| document.get("basePath"));
    let url = server.and_then(Value::as_str).unwrap_or_default();
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url,
    };
    let usable = path.starts_with('/') && !path.contains('{');
    if usable { path.trim_end_matches('/').to_owned() } else { String::new() }
}

fn is_plain(path: &str, item: &Value) -> bool {
    let Some(get) = item.get("get") else { return false };
    let required = |from: &Value| {
        let parameters = from.get("parameters").and_then(Value::as_array);
        // A reference may lead to a required parameter.
        parameters.into_iter().flatten().any(|one| {
            one.get("$ref").is_some() || one.get("required").and_then(Value::as_bool).unwrap_or(false)
        })
    };
    let operation = get.get("operationId").and_then(Value::as_str).unwrap_or_default();
    let said = format!("{path} {operation}").to_ascii_lowercase();
    !required(item) && !required(get) && !ACTS.iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::paths;

    #[test]
    fn paths_that_need_nothing_are_asked() {
        let document = json!({
            "openapi": "3.1.0",
            "servers": [{"url": "https://shop.example/api/"}],
            "paths": {
                "/items": {"get": {"parameters": [{"name": "limit", "in": "query", "required": false}]}},
                "/items/{id}": {"get": {}},
                "/search": {"get": {"parameters": [{"name": "q", "in": "query", "required": true}]}},
                "/shared": {"parameters": [{"$ref": "#/components/parameters/tenant"}], "get": {}},
                "/orders": {"post": {}},
                "/admin/shutdown": {"get": {}},
                "/me": {"get": {"operationId": "logoutUser"}},
                "/health": {"get": {}}
            }
        });
        assert_eq!(paths(&document).unwrap(), ["/api/items", "/api/health"]);
        assert_eq!(
            paths(&json!({"swagger": "2.0", "basePath": "/v1", "paths": {"/a": {"get": {}}}})).unwrap(),
            ["/v1/a"]
        );
        assert!(paths(&json!({"paths": {}})).is_none());
    }
}
