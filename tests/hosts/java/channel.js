// SPDX-License-Identifier: Apache-2.0
// channel.js CHANNEL LIBRARY CONFIGURATION: plays the scripts of an exported channel, unchanged, with stand-ins for
// what Open Integration Engine 4.5.2 puts into their scope: the maps, the logger, the message and ResponseFactory. Reads
// messages from standard input, one file name a line, and prints for each the destination's status and text.
var channel = new java.io.File(arguments[0]);
var root = javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(channel);
var xpath = javax.xml.xpath.XPathFactory.newInstance().newXPath();

function script(where) { return String(xpath.evaluate('/channel/' + where, root)); }

var configurationMap = new java.util.HashMap();
configurationMap.put('fhirtrial.library', arguments[1]);
configurationMap.put('fhirtrial.configuration', arguments[2]);
var globalChannelMap = new java.util.concurrent.ConcurrentHashMap();
var channelMap = new java.util.HashMap();
var channelId = script('id'), channelName = script('name');
var logger = {
    info: function (text) { print('log\tinfo\t' + text); },
    error: function (text) { print('log\terror\t' + text); }
};
var ResponseFactory = {
    getSentResponse: function (text) { return ['SENT', text]; },
    getQueuedResponse: function (text) { return ['QUEUED', text]; },
    getErrorResponse: function (text) { return ['ERROR', text]; }
};
var connectorMessage = {};

// The engine wraps each script into a function; `return` stands at its top level.
function play(text) { return new Function(text)(); }

function message(id, file) {
    connectorMessage = {
        getMessageId: function () { return id; },
        getEncodedData: function () {
            return new java.lang.String(java.nio.file.Files.readAllBytes(java.nio.file.Paths.get(file)), 'UTF-8');
        }
    };
    channelMap.clear();
    try {
        var response = play(script('destinationConnectors/connector/properties/script'));
        return response[0] + '\t' + channelMap.get('fhirtrialVerdicts') + '\t' + response[1];
    } catch (error) {
        return 'EXCEPTION\t' + error;
    }
}

play(script('deployScript'));
print('deployed\t' + Packages.fhirtrial.Fhirtrial.openHandles());
var input = new java.io.BufferedReader(new java.io.InputStreamReader(java.lang.System['in']));
for (var line, id = 1; (line = input.readLine()) !== null;) {
    var words = String(line).split('\t'); // FILE, or FILE and the id of a message that is sent again
    print(message(words[1] ? Number(words[1]) : id++, words[0]));
    java.lang.System.out.flush();
}
play(script('undeployScript'));
print('undeployed\t' + Packages.fhirtrial.Fhirtrial.openHandles());
