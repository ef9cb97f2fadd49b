//! Receivers of webhooks on loopback: HTTP servers that keep what is posted to them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::site::Reply;

/// What was posted.
#[derive(Clone, Debug)]
pub struct Post {
    pub path: String,
    /// Header names are in lower case.
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Post {
    /// The id of the message.
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// The message.
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The kind of the event.
    pub fn kind(&self) -> String {
        self.body()["type"].as_str().unwrap().to_owned()
    }
}

/// A receiver.
pub struct Receiver {
    pub addr: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
    task: JoinHandle<()>,
}

type Answer = dyn Fn(&Post, usize) -> Reply + Send + Sync;

impl Receiver {
    /// Starts a receiver with this answer to each post; posts are numbered from 0.
    pub async fn start(answer: impl Fn(&Post, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let posts = Arc::default();
        let (kept, answer): (Arc<Mutex<Vec<Post>>>, Arc<Answer>) = (Arc::clone(&posts), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move { receive(stream, &kept, &*answer).await });
            }
        });
        Self { addr, posts, task }
    }

    /// Starts a receiver that accepts everything.
    pub async fn accepting() -> Self {
        Self::start(|_, _| accepted()).await
    }

    /// The posts so far.
    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// The number of posts so far.
    pub fn count(&self) -> usize {
        self.posts.lock().unwrap().len()
    }

    /// The posts to a path so far.
    pub fn posts_to(&self, path: &str) -> Vec<Post> {
        let mut posts = self.posts();
        posts.retain(|post| post.path == path);
        posts
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answer that accepts a post.
pub fn accepted() -> Reply {
    Reply::new("204 No Content", &[], "")
}

/// Serves one post; errors are the client's.
async fn receive(stream: TcpStream, kept: &Mutex<Vec<Post>>, answer: &Answer) {
    let mut stream = BufReader::new(stream);
    let Some(post) = read(&mut stream).await else { return };
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(post.clone());
        kept.len() - 1
    };
    match answer(&post, number) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Silence => std::future::pending().await,
        Reply::Held(mut gate, bytes) => {
            if gate.wait_for(|open| *open).await.is_ok() {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
        }
        Reply::Endless(..) | Reply::Late(..) => panic!("receivers do not answer so"),
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Post> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    let text = String::from_utf8(body).ok()?;
    Some(Post { path, headers, text })
}
