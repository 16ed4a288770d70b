# SPDX-License-Identifier: Apache-2.0
# agent.tcl: the contract's commands (tests/hosts/README.md) through the Tcl shim.
load $env(FHIRTRIAL_SHIM) Fhirtrial

proc contents {path} {
    set file [open $path rb]
    set bytes [read $file]
    close $file
    return $bytes
}

# The code of a message, whatever became of it.
proc code_of {script} {
    if {[catch {uplevel 1 $script} answer options]} { return [lindex [dict get $options -errorcode] 2] }
    return [lindex $answer 0]
}

proc do {command arguments} {
    global handle
    lassign $arguments first second
    switch $command {
        load { fhirtrial load $first; return {0 {}} }
        unload { fhirtrial unload; return {0 {}} }
        buffer { fhirtrial buffer $first; return {0 {}} }
        open { set handle [fhirtrial open [contents $first]]; return {0 {}} }
        configure { return [fhirtrial configure $handle [contents $first]] }
        process {
            if {$second eq ""} { return [fhirtrial process $handle [contents $first]] }
            return [fhirtrial process $handle [contents $first] $second]
        }
        query { return [fhirtrial query $handle $first] }
        step { return [fhirtrial step $handle $first] }
        log { return {0 {}} }
        logs {
            set lines {}
            while {[lindex [set event [fhirtrial next_event $handle]] 0] == 0} { lappend lines [lindex $event 1] }
            return [list 0 [join $lines " "]]
        }
        repeat {
            lassign $arguments n what argument
            if {$what eq "process"} { set argument [contents $argument] }
            set began [clock microseconds]
            for {set i 0} {$i < $n} {incr i} { fhirtrial $what $handle $argument }
            return [list 0 [expr {double([clock microseconds] - $began) / $n}]]
        }
        close { return [fhirtrial close $handle $first] }
        together {
            foreach path $arguments { lappend jobs [fhirtrial submit $handle [contents $path]] }
            foreach job $jobs {
                while {[lindex [fhirtrial wait $handle $job 1000] 0] == 1} {}
                lappend codes [code_of {fhirtrial result $handle $job}]
            }
            return [list 0 [join $codes " "]]
        }
        busy {
            for {set i 0} {$i < 200} {incr i} { lappend jobs [fhirtrial submit $handle [contents $first]] }
            fhirtrial close $handle 0
            foreach job $jobs { set seen([code_of {fhirtrial result $handle $job}]) 1 }
            return [list 0 [join [array names seen] " "]]
        }
    }
    error "no command $command"
}

fconfigure stdin -encoding utf-8
fconfigure stdout -encoding utf-8
while {[gets stdin line] >= 0} {
    set fields [split $line "\t"]
    if {[catch {do [lindex $fields 0] [lrange $fields 1 end]} answer options]} {
        set code [dict get $options -errorcode]
        if {[lindex $code 0] ne "FHIRTRIAL"} { puts stderr [dict get $options -errorinfo]; exit 1 }
        set answer [list [lindex $code 2] $answer]
    }
    puts "[lindex $answer 0]\t[string map {"\n" " "} [lindex $answer 1]]"
    flush stdout
}
