// Node requires this before a program where `fakenotify run` has said so in NODE_OPTIONS. Connections to Notify's hosts
// are made to the proxy instead, whoever makes them: https, fetch, undici, got. NODE_EXTRA_CA_CERTS makes Node trust it.
// Nothing else changes, and a mistake in here is a line on stderr, never the program's problem.
'use strict';

var NOTIFY = /^notify(\.[a-z0-9-]+){0,2}\.twilio\.com\.?$/i;

try {
  var proxy = Number((process.env.FAKENOTIFY_PROXY || '').split(':').pop());
  if (proxy) lead(require('net').Socket.prototype, proxy);
} catch (error) {
  complain(error);
}

function complain(error) {
  try {
    process.stderr.write('fakenotify: could not lead this Node to the fake: ' + error + '\n');
  } catch (ignored) {}
}

function lead(prototype, port) {
  var connect = prototype.connect;
  prototype.connect = function () {
    var given = Array.prototype.slice.call(arguments);
    try {
      var first = given[0];
      if (Array.isArray(first) && isNotify(first[0])) {
        first[0] = led(first[0], port); // as net.connect has read its arguments
      } else if (isNotify(first)) {
        given[0] = led(first, port);
      } else if (typeof given[1] === 'string' && isNotify({port: first, host: given[1]})) {
        given[0] = port;
        given[1] = '127.0.0.1';
      }
    } catch (error) {
      complain(error);
    }
    return connect.apply(this, given);
  };
}

function isNotify(options) {
  return !!options && typeof options === 'object' && !options.path && typeof options.host === 'string' &&
    NOTIFY.test(options.host) && (Number(options.port) === 443 || Number(options.port) === 80);
}

function led(options, port) {
  var changed = Object.assign({}, options, {host: '127.0.0.1', port: port});
  delete changed.lookup;
  return changed;
}
