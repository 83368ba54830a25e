Register-ArgumentCompleter -Native -CommandName heroku-chat -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    # Windows PowerShell drops empty arguments, so the word goes along with something before it.
    $typed = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    heroku-chat completions powershell --next -- @typed "word:$wordToComplete" 2>$null | ForEach-Object {
        $word, $about = $_ -split "`t", 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
    }
}
