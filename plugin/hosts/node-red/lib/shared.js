// SPDX-License-Identifier: Apache-2.0
// shared.js: one loaded library for all nodes that name the same file, given up with the last of
// them, so that a file put in its place is loaded by the next deploy without a restart.
'use strict';

const { Library } = require('./library');

const loaded = new Map();

/** The library at `path`, loaded by the first who asks; each borrow is to be given back. */
function borrow(path) {
  let entry = loaded.get(path);
  if (!entry) {
    entry = { library: new Library(path), users: 0 };
    loaded.set(path, entry);
  }
  entry.users += 1;
  return entry.library;
}

/** Gives back what borrow gave; no handle of the borrower may be open any more. */
function giveBack(library) {
  const entry = loaded.get(library.path);
  if (!entry || entry.library !== library) return;
  entry.users -= 1;
  if (entry.users > 0) return;
  loaded.delete(library.path);
  library.unload();
}

module.exports = { borrow, giveBack };
