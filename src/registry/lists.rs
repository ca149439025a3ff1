//! Lists over HTTP, which come in pages.

use reqwest::header::LINK;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use super::ask::{Found, Question};
use super::client::Client;
use super::error::{Asked, Error};
use super::exchange::{Call, Reply};
use super::mirrors::Place;
use crate::limits;
use crate::oci::Repository;

impl Client {
    pub(crate) async fn list_tags(&self, repository: &Repository) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Page {
            // Registries that are written in Go say `null` for an empty list.
            tags: Option<Vec<String>>,
        }
        let mut tags = Vec::new();
        let first = self
            .ask(&Question {
                repository,
                reference: repository.to_string(),
                method: Method::GET,
                path: &["tags", "list"],
                query: Some("n=1000"),
                accept: "application/json",
                limit: limits::MANIFEST_BYTES,
                by_digest: false,
            })
            .await?;
        self.pages(first, "application/json", |found| {
            if found.reply.status != StatusCode::OK {
                return Err(found.error());
            }
            let page: Page = serde_json::from_slice(&found.reply.body)
                .map_err(|_| found.invalid("something that is no JSON list of tags", "a list of tags"))?;
            tags.extend(page.tags.into_iter().flatten());
            Ok(())
        })
        .await?;
        Ok(tags)
    }

    /// Takes an answer and all that follow it (distribution-spec, `Link` with `rel="next"`).
    pub(crate) async fn pages(
        &self,
        first: Found,
        accept: &'static str,
        mut take: impl FnMut(&Found) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let mut found = first;
        for _ in 0..limits::PAGES {
            take(&found)?;
            let Some(next) = next_page(&found)? else {
                return Ok(());
            };
            let Found { asked, place, .. } = found;
            let reply = self.page(&place, &asked, next, accept).await?;
            found = Found { reply, asked, place };
        }
        Err(found.invalid("a list without end", "a list of at most 100 pages"))
    }

    async fn page(&self, place: &Place, asked: &Asked, url: Url, accept: &'static str) -> Result<Reply, Error> {
        let host = self.hosts.host(&place.host);
        let call = Call {
            asked,
            method: Method::GET,
            url,
            accept,
            authorization: None,
            form: None,
            limit: limits::MANIFEST_BYTES,
        };
        self.authorized(&host, place, call, None).await
    }
}

/// The address of the next page; it must be on the same host, for it gets the same credentials.
fn next_page(found: &Found) -> Result<Option<Url>, Error> {
    let links = found.reply.headers.get_all(LINK);
    let next = links.iter().filter_map(|line| line.to_str().ok()).find_map(next_link);
    let Some(next) = next else { return Ok(None) };
    let origin = found.reply.url.origin();
    match found.reply.url.join(next) {
        Ok(url) if url.origin() == origin && found.reply.home => Ok(Some(url)),
        _ => Err(Error::Redirect {
            asked: found.asked.clone(),
            problem: "to a next page on another host",
        }),
    }
}

/// The target of `<target>; rel="next"` (RFC 8288, 3).
fn next_link(line: &str) -> Option<&str> {
    let (target, parameters) = line.trim().strip_prefix('<')?.split_once('>')?;
    let next = parameters.split(';').any(|parameter| {
        let parameter = parameter.split(',').next().unwrap_or("");
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == "next"
        })
    });
    next.then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_link_to_the_next_page() {
        assert_eq!(
            next_link(r#"</v2/a/tags/list?n=1&last=b>; rel="next""#),
            Some("/v2/a/tags/list?n=1&last=b")
        );
        assert_eq!(next_link("<x>;title=a; REL=next"), Some("x"));
        for line in ["", "<x>", r#"<x>; rel="prev""#, "x; rel=next", "<x; rel=next"] {
            assert_eq!(next_link(line), None, "{line}");
        }
    }
}
